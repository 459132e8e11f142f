# SPDX-License-Identifier: Apache-2.0
from .base import *  # noqa: F401,F403

SECRET_KEY = "none"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = []

# SPDX-License-Identifier: Apache-2.0
ROOT_URLCONF = "forum.urls"
STATIC_URL = "/static/"

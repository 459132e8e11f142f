# SPDX-License-Identifier: Apache-2.0
from django.http import HttpResponse


def thread(request, **values):
    return HttpResponse("thread")

# SPDX-License-Identifier: Apache-2.0
from django.urls import path

from .views import thread

urlpatterns = [
    path("", thread),
    path("<int:pk>/posts/<int:post>/", thread, {"extra": 1}),
    path("<path:rest>/raw", thread),
]

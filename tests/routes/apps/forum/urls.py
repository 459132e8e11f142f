# SPDX-License-Identifier: Apache-2.0
"""Django: the first pattern that matches."""
from django.http import HttpResponse
from django.urls import include, path, re_path, register_converter
from django.views.generic import View

from . import board


def view(request, **values):
    return HttpResponse("forum")


class Hexadecimal:
    regex = "[0-9a-f]+"

    def to_python(self, value):
        return int(value, 16)

    def to_url(self, value):
        return "%x" % value


register_converter(Hexadecimal, "hexadecimal")


def number(request, **values):
    return HttpResponse("number")


extra = [
    path("one/<int:n>/", view),
    path("two", View.as_view()),
]

urlpatterns = [
    path("", view),
    path("articles/<int:year>/", view, name="year"),
    path("articles/<slug:slug>/", view),
    path("articles/<uuid:key>/", view),
    path("board/", include("forum.board.urls")),
    path("extra/<str:name>/", include(extra)),
    path("named/", include((extra, "app"), namespace="named")),
    re_path("re2/", view),
    re_path(r"^(?P<kind>kw|tag)/[^/]+/?$", view),
    path("kw", view),
    path("sub/", include([re_path(r"^x+$", view), re_path("y/(z|w)", view)])),
    re_path(r"^old/(?P<year>[0-9]{4})/$", view),
    path("numbers/<hexadecimal:n>/", number),
    path("late/<path:rest>", view),
]
urlpatterns += [path("last/<int:n>", view)]

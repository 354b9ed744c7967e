"""Knows the limits of every component. Knows nothing of the message or modal around it.

Sources: https://discord.com/developers/docs/components/reference
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.discord.errors import Problems

Place = tuple[str | int, ...]
Component = dict[str, Any]

ROW, BUTTON, SELECT, INPUT = 1, 2, 3, 4
USER, ROLE, MENTIONABLE, CHANNEL = 5, 6, 7, 8
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LABEL, UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23
SELECTS = (SELECT, USER, ROLE, MENTIONABLE, CHANNEL)
IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
TOP_LEVEL = (*IN_CONTAINER, CONTAINER)
IN_LABEL = (INPUT, *SELECTS, UPLOAD, RADIO, CHECKBOXES, CHECKBOX)
LINK, PREMIUM = 5, 6

MEDIA = re.compile(r"^(https?://\S+|attachment://[^\s/]+)$")


def walk(components: list[Component]) -> Iterator[Component]:
    """Every component, the nested ones too."""
    for component in components:
        if not isinstance(component, dict):
            continue
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([component[key] for key in ("accessory", "component") if key in component])


def check(component: Any, place: Place, allowed: tuple[int, ...], problems: Problems) -> None:
    """Note everything that is wrong with a component and what it holds."""
    if not isinstance(component, dict):
        problems.add(place, "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
    elif problems.one_of((*place, "type"), component.get("type"), allowed):
        CHECKS[component["type"]](component, place, problems)


def check_all(components: Any, place: Place, allowed: tuple[int, ...], most: int, problems: Problems) -> None:
    """The same for a list of them, that has to hold one at least."""
    problems.length(place, components, 1, most)
    for at, component in enumerate(components if isinstance(components, list) else []):
        check(component, (*place, at), allowed, problems)


def _row(row: Component, place: Place, problems: Problems) -> None:
    inside = (*place, "components")
    check_all(row.get("components"), inside, (BUTTON, *SELECTS), 5, problems)
    kinds = [child.get("type") for child in row.get("components") or [] if isinstance(child, dict)]
    if any(kind in SELECTS for kind in kinds) and len(kinds) > 1:
        problems.add(inside, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")


def _custom_id(component: Component, place: Place, problems: Problems) -> None:
    problems.length((*place, "custom_id"), component.get("custom_id"), 1, 100)


def _button(button: Component, place: Place, problems: Problems) -> None:
    problems.one_of((*place, "style"), button.get("style"), (1, 2, 3, 4, LINK, PREMIUM))
    style = button.get("style")
    if button.get("label") is not None:
        problems.length((*place, "label"), button["label"], 1, 80)
    elif not button.get("emoji") and style != PREMIUM:
        problems.add((*place, "label"), "BUTTON_COMPONENT_INVALID_LABEL", "A button must have a label or an emoji")
    if style == LINK:
        problems.length((*place, "url"), button.get("url"), 1, 512)
        if not re.match(r"^(https?|discord)://", str(button.get("url"))):
            problems.add(
                (*place, "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'discord')."
            )
        if button.get("custom_id") is not None:
            problems.add(place, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "A custom id and url cannot both be specified")
    elif style != PREMIUM:
        _custom_id(button, place, problems)
        if button.get("url") is not None:
            problems.add(place, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "A custom id and url cannot both be specified")


def _select(select: Component, place: Place, problems: Problems) -> None:
    _custom_id(select, place, problems)
    problems.number((*place, "min_values"), select.get("min_values"), 0, 25)
    problems.number((*place, "max_values"), select.get("max_values"), 1, 25)
    if select.get("placeholder") is not None:
        problems.length((*place, "placeholder"), select["placeholder"], 0, 150)
    if select["type"] == SELECT:
        _options(select, place, 1, 25, problems)


def _options(component: Component, place: Place, least: int, most: int, problems: Problems) -> None:
    options = component.get("options")
    inside = (*place, "options")
    problems.length(inside, options, least, most)
    seen = set()
    for at, option in enumerate(options if isinstance(options, list) else []):
        for key in ("label", "value"):
            problems.length((*inside, at, key), option.get(key), 1, 100)
        if option.get("description") is not None:
            problems.length((*inside, at, "description"), option["description"], 0, 100)
        if option.get("value") in seen:
            code = "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"
            problems.add((*inside, at, "value"), code, "The specified option value is already used")
        seen.add(option.get("value"))


def _input(field: Component, place: Place, problems: Problems) -> None:
    _custom_id(field, place, problems)
    problems.one_of((*place, "style"), field.get("style"), (1, 2))
    problems.number((*place, "min_length"), field.get("min_length"), 0, 4000)
    problems.number((*place, "max_length"), field.get("max_length"), 1, 4000)
    if field.get("value") is not None:
        problems.length((*place, "value"), field["value"], 0, field.get("max_length") or 4000)
    if field.get("placeholder") is not None:
        problems.length((*place, "placeholder"), field["placeholder"], 0, 100)


def _section(section: Component, place: Place, problems: Problems) -> None:
    check_all(section.get("components"), (*place, "components"), (TEXT,), 3, problems)
    check(section.get("accessory"), (*place, "accessory"), (BUTTON, THUMBNAIL), problems)


def _text(text: Component, place: Place, problems: Problems) -> None:
    problems.length((*place, "content"), text.get("content"), 1, 4000)


def _media(item: Component, key: str, place: Place, problems: Problems) -> None:
    media = item.get(key)
    if not isinstance(media, dict) or not MEDIA.match(str(media.get("url"))):
        problems.add((*place, key, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if item.get("description") is not None:
        problems.length((*place, "description"), item["description"], 1, 1024)


def _gallery(gallery: Component, place: Place, problems: Problems) -> None:
    problems.length((*place, "items"), gallery.get("items"), 1, 10)
    for at, item in enumerate(gallery.get("items") or []):
        _media(item, "media", (*place, "items", at), problems)


def _file(file: Component, place: Place, problems: Problems) -> None:
    _media(file, "file", place, problems)
    if not str((file.get("file") or {}).get("url")).startswith("attachment://"):
        problems.add((*place, "file", "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('attachment',).")


def _separator(separator: Component, place: Place, problems: Problems) -> None:
    problems.number((*place, "spacing"), separator.get("spacing"), 1, 2)


def _container(container: Component, place: Place, problems: Problems) -> None:
    problems.number((*place, "accent_color"), container.get("accent_color"), 0, 0xFFFFFF)
    check_all(container.get("components"), (*place, "components"), IN_CONTAINER, 40, problems)


def _label(label: Component, place: Place, problems: Problems) -> None:
    problems.length((*place, "label"), label.get("label"), 1, 45)
    if label.get("description") is not None:
        problems.length((*place, "description"), label["description"], 1, 100)
    check(label.get("component"), (*place, "component"), IN_LABEL, problems)


def _upload(upload: Component, place: Place, problems: Problems) -> None:
    _custom_id(upload, place, problems)
    problems.number((*place, "min_values"), upload.get("min_values"), 0, 10)
    problems.number((*place, "max_values"), upload.get("max_values"), 1, 10)


def _group(least: int) -> Callable[[Component, Place, Problems], None]:
    def check_group(group: Component, place: Place, problems: Problems) -> None:
        _custom_id(group, place, problems)
        _options(group, place, least, 10, problems)

    return check_group


CHECKS: dict[int, Callable[[Component, Place, Problems], None]] = {
    ROW: _row,
    BUTTON: _button,
    **dict.fromkeys(SELECTS, _select),
    INPUT: _input,
    SECTION: _section,
    TEXT: _text,
    THUMBNAIL: lambda thumbnail, place, problems: _media(thumbnail, "media", place, problems),
    GALLERY: _gallery,
    FILE: _file,
    SEPARATOR: _separator,
    CONTAINER: _container,
    LABEL: _label,
    UPLOAD: _upload,
    RADIO: _group(2),
    CHECKBOXES: _group(1),
    CHECKBOX: _custom_id,
}

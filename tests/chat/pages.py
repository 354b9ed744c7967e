"""Reads a page of HTML strictly: every tag closed where it must be, nothing that is not to be there."""

from html.parser import HTMLParser

_VOID = {"meta", "hr", "br"}
_ALLOWED = {
    *_VOID,
    *("html", "head", "title", "style", "body", "section", "h1", "h2", "h3", "p", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tr", "th", "td", "pre", "code", "strong", "a", "time", "footer"),
    *("figure", "figcaption", "svg", "g"),
}
_LOADING = {"src", "srcset", "data", "action", "xlink:href", "style"}


class Page(HTMLParser):
    """A page that was read: its words, and those of each element by its tag."""

    def __init__(self, written: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.by_tag: dict[str, list[str]] = {}
        self.feed(written)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    @property
    def words(self) -> str:
        """Everything that is read on it."""
        return "".join(self.by_tag.get("body", []))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ALLOWED, f"<{tag}>"
        for name, value in attrs:
            # Drawings place their parts by styles and refer to themselves; of the rest, only numbers are set right.
            inside_drawing = "svg" in self.open or tag == "svg"
            aligned = (name, value) == ("style", "text-align:right")
            assert inside_drawing or aligned or name not in _LOADING, f"{tag} {name}={value}"
            assert not name.startswith("on"), f"{tag} {name}={value}"
            if name == "href":
                assert value is not None and value.startswith(("https://", "http://", "mailto:")), value
        if tag not in _VOID:
            self.open.append(tag)
            self.by_tag.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> inside {self.open}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.by_tag[tag][-1] += data

"""Finds texts that people see and that are not given to gettext, and numbers without separators."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from django.template.base import Lexer, Token, TokenType
from django.utils.html import strip_tags

from .texts import CALLS, name_of

TWO = r"[^\W\d_]{2,}[^\w<>=/]*\s[“(]?[^\W\d_]{2,}"
WORDS = re.compile(TWO)
WORD = re.compile(r"[^\W\d_]{2,}")
NO_WORDS = re.compile(
    r"%\(\w+\)\w|\{[^{}]*\}|&\w+;|https?://\S+|[\w-]+(:[\w-]+)+|\w+[-_/.]\w+|\w*[_/]\w*"
)
SHOWN = {  # arguments, attributes and keys that hold a text, were it of one word
    *("verbose_name", "verbose_name_plural", "help_text", "short_description", "description"),
    *("title", "label", "hint", "button", "empty_label", "search_help_text", "message", "alt"),
    *("violation_error_message", "placeholder", "aria-label", "first_tab", "heading", "why"),
}
SHOWS = {
    "ValidationError",
    "Veto",
    "success",
    "warning",
    "error",
    "info",
    "named",
    "Line",
    "Section",
}
# What these are given is for programmers and operators, or for no person at all.
SILENT = {
    *("debug", "exception", "critical", "getLogger", "log", "logger", "print", "write"),
    *("ValueError", "TypeError", "RuntimeError", "LookupError", "ImproperlyConfigured"),
    *("CommandError", "Error", "Warning", "compile", "Effect", "execute", "ContextVar"),
    *("NotImplementedError", "AssertionError", "KeyError", "reverse", "direct", "DescribedSignal"),
    *("RunPython", "RunSQL", "SuspiciousOperation", "BadRequest", "css", "Media"),
    "div",
}
COLLECTED = {"WHEN", "PACKAGES"}  # of signals and receivers: by `texts.said_of_itself`
LOOKS = {"info", "success", "warning", "danger", "primary", "default"}  # of labels and buttons
MARK = "# not shown"  # at the end of a line that looks like a text and is none


def in_code(path: Path) -> Iterator[str]:
    """Yield the texts that are not marked, with the numbers of their lines."""
    lines = path.read_text().splitlines()
    for number, text in sorted(_Code(ast.parse("\n".join(lines))).found):
        if MARK not in lines[number - 1]:
            yield f"{number}: {text[:70]}"


BARE = re.compile(r"%\((?!line\)|number\))\w+\)d")  # lines and columns have numbers as names
PHRASES = {"phrase", "nphrase", "telling"}


def bare_numbers(path: Path) -> Iterator[str]:
    """Yield what would say a number without the separators of the language, as phrases do."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and name_of(node.func) in CALLS.keys() - PHRASES:
            texts = [str(it.value) for it in node.args if isinstance(it, ast.Constant)]
            yield from (f"{node.lineno}: {it[:70]}" for it in texts if BARE.search(it))
        elif re.match("np?gettext", name_of(node)):
            yield f"{node.lineno}: {name_of(node)}"


class _Code(ast.NodeVisitor):
    def __init__(self, tree: ast.AST):
        self.found: set[tuple[int, str]] = set()
        self.visit(tree)

    def add(self, node: ast.expr | None, pattern: re.Pattern) -> None:
        for it in [node, *getattr(node, "elts", []), *getattr(node, "values", [])]:
            text = it.value if isinstance(it, ast.Constant) else ""
            if text in LOOKS:
                continue
            if isinstance(text, str) and pattern.search(NO_WORDS.sub(" ", strip_tags(text))):
                self.found.add((it.lineno, text))

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):  # else a docstring
            self.generic_visit(node)

    def visit_Call(self, node):
        name = name_of(node.func)
        if (
            name in CALLS
            or name in SILENT
            or name_of(getattr(node.func, "value", node)) == "logger"
        ):
            return
        if name in SHOWS:
            for it in node.args:
                self.add(it, WORD)
        if name.endswith("Field") and name_of(getattr(node.func, "value", node)) == "models":
            for it in node.args[:1]:
                self.add(it, WORD)
        for it in node.keywords:
            if it.arg in SHOWN:
                self.add(it.value, WORD)
        self.generic_visit(node)

    def visit_ClassDef(self, node):
        if any(name_of(it).endswith("Choices") for it in node.bases):
            for it in node.body:
                if isinstance(it, ast.Assign):
                    self.add_label(it.value)
            return
        self.generic_visit(node)

    def add_label(self, value: ast.expr) -> None:
        """Of a choice: the second of a tuple; without one, Django makes it of the name."""
        if isinstance(value, ast.Constant):
            self.found.add((value.lineno, str(value.value)))
        for it in getattr(value, "elts", [])[1:]:
            self.add(it, WORD)

    def visit_Assign(self, node):
        if any(name_of(it) in COLLECTED for it in node.targets):
            return
        if any(name_of(it) in SHOWN for it in node.targets):
            self.add(node.value, WORD)
        self.generic_visit(node)

    def visit_Dict(self, node):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in SHOWN:
                self.add(value, WORD)
        self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value:
            self.visit(node.value)

    def visit_arg(self, node):
        """Leave annotations alone."""

    def visit_FunctionDef(self, node):
        for it in [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body]:
            if it:
                self.visit(it)

    def visit_Constant(self, node):
        self.add(node, WORDS)


# --- Templates -------------------------------------------------------------------------------

NAMES = {'|default:"primary"', '|default:"Intranet"', '|default:"en-us"', '|yesno:"rtl,ltr,auto"'}
ATTRIBUTES = {"aria-label", "title", "placeholder", "alt", "data-says", "value"}
ARGUMENT = re.compile(
    r"""[\w-]+=("[^"]*"|'[^']*')|\|(?:default|yesno|pluralize)(?::("[^"]*"|'[^']*'))?"""
)


def in_template(path: Path) -> Iterator[str]:
    """Yield the texts of a template that are not marked."""
    html, within = [], ""
    for token in Lexer(path.read_text()).tokenize():
        words = token.split_contents() if token.token_type == TokenType.BLOCK else []
        name = words[0] if words else ""
        if name in ("blocktranslate", "blocktrans", "comment"):
            within = name
        elif name == f"end{within}":
            within = ""
        elif token.token_type == TokenType.TEXT and not within:
            html.append(token.contents)
        elif token.token_type in (TokenType.BLOCK, TokenType.VAR) and not within:
            html.append(" ")
            yield from _arguments(name, token)
    text = "".join(html)
    reader = _Reader(text if path.suffix == ".html" else f"<p>{text}</p>")
    yield from (f"text: {' '.join(it.split())[:70]}" for it in reader.found)


def _arguments(name: str, token: Token) -> Iterator[str]:
    if name in ("translate", "trans", "url", "static", "load"):
        return
    for match in ARGUMENT.finditer(token.contents):
        given, key = match[1] or match[2] or "", match[0].partition("=")[0]
        if key.startswith("|"):
            shows = "pluralize" in key or (WORD.search(given) and match[0] not in NAMES)
        else:
            shows = key not in ("class", "d") and _is_text(key, given)
        if shows:
            yield match[0]


def _is_text(key: str, given: str) -> bool:
    return bool((WORD if key in SHOWN else WORDS).search(NO_WORDS.sub(" ", given)))


class _Reader(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        is_icon = "material-symbols" in (dict(attrs).get("class") or "")
        if tag in ("script", "style", "code") or is_icon:
            self.inside.append(tag)
        for name, value in attrs:
            if (
                name in ATTRIBUTES
                and WORD.search(value or "")
                and (tag, name) != ("input", "value")
            ):
                self.found.append(f'{name}="{value}"')

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside and WORD.search(data):
            self.found.append(data)


KEYS = {"Enter", "Escape", "Tab"}  # of the keyboard


def in_script(path: Path) -> Iterator[str]:
    """Yield what looks like a text in a script: templates hand these over."""
    for found in re.finditer(r'"([^"\n]*)"|`([^`]*)`', path.read_text()):
        text = found[1] or found[2] or ""
        if text not in KEYS and re.match(r"[A-Z][a-z]+\W*( |$)", text):
            yield text[:70]

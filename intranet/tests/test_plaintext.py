import pytest

from intranet.outbox.plaintext import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three<br>four</p>", "One & two\n\nthree\nfour"),
        ("<ul><li>one</li><li>two <b>three</b></li></ul>", "- one\n- two three"),
        ('<a href="https://example.com">Read</a> it', "Read (https://example.com) it"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ("<a>nowhere</a>", "nowhere"),
        ("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>much\n   white\tspace</p>", "much white space"),
        ("3 < 4", "3 < 4"),
        ("", ""),
    ],
)
def test_html_becomes_readable_text(html, text):
    assert plain_text(html) == text

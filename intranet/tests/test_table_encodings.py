"""No name is read wrongly without a word about it."""

from pathlib import Path

import pytest

from intranet.tables import ENCODINGS, UnreadableTable, damage, read_csv

FIELD = Path(__file__).parent / "field"
NAMES = {
    "cp1252": "Zoë René François Müller Weiß Jørgen Åse Núñez João O\u2019Hara Guðmundsson MÜLLER",
    "mac_roman": "Zoë René François Müller Weiß Jørgen Åse Núñez Ibáñez García Schröder",
    "cp1250": "Łukasz Wałęsa Kamiński Wiśniewski Żak Dvořák Němec Jiří Kováč Petrović Ştefan",
    "cp1251": "Иван Ёлкин Петър Юлія ИВАНОВ",
    "cp1253": "Γιώργος Νίκος Παπαδόπουλος",
    "cp1254": "Y\u0131ld\u0131z Şahin Erdoğan Çağlar Öztürk İnci",
    "cp1257": "Jānis Bērziņš Kazlauskienė Žukauskas",
    "cp850": "Müller Schröder René François García",
    "iso8859_2": "Tomáš Růžička Žižková Świątek",
    "cp852": "Tomáš Dvořák Łukasz Wałęsa Kovač",
    "koi8_u": "Иван Сергей Їжак",
    "cp866": "Иван Сергей Юлия",
}


def table(text, encoding):
    return f"Name\n{text}\n".encode(encoding)


def encoding_of(read):
    return dict(read.how.facts)["Encoding"]


class TestGuess:
    @pytest.mark.parametrize("encoding", NAMES)
    def test_finds_the_encoding_of_a_list_of_names(self, encoding):
        read = read_csv(table("\n".join(NAMES[encoding].split()), encoding))

        assert read["Name"] == NAMES[encoding].split()
        assert read.how.guessed

    @pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp1250", "cp1251"])
    def test_finds_it_from_a_single_name(self, encoding):
        for name in NAMES[encoding].split():
            assert read_csv(table(name, encoding))["Name"] == [name]

    def test_is_called_a_guess(self):
        read = read_csv((FIELD / "enc-cp1250.csv").read_bytes())

        assert read["First name"] == ["Łukasz"]
        assert encoding_of(read) == "Central European (Windows-1250), guessed from the letters"

    @pytest.mark.parametrize("encoding", ["ascii", "utf-8", "utf-8-sig", "utf-16"])
    def test_is_none_where_it_is_certain(self, encoding):
        assert not read_csv(table("Ann", encoding)).how.guessed


class TestStrayBytes:
    def test_are_read_one_by_one_with_a_warning_that_names_the_line(self):
        read = read_csv((FIELD / "enc-mixed.csv").read_bytes())

        assert read["First name"] == ["Zoë", "René"]
        assert read.how.warnings[0].startswith("Line 3: “René” is not written in UTF-8")

    def test_that_are_the_rule_make_another_encoding(self):
        read = read_csv(table("René\nZoë\nAndré", "cp1252") + "Chloé\n".encode())

        assert read["Name"][:3] == ["René", "Zoë", "André"]
        assert damage(read["Name"][3])

    def test_by_the_hundred_are_counted(self):
        read = read_csv("Zoë\n".encode() * 101 + b"Ren\xe9\n" * 100)

        assert len(read.how.warnings) == 21
        assert read.how.warnings[-1] == "The same holds for 80 more."

    def test_no_warning_without_them(self):
        assert read_csv(table("Zoë", "utf-8")).how.warnings == []


class TestUtf16:
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_is_read_with_and_without_a_mark(self, encoding):
        read = read_csv(table("Łukasz", encoding))

        assert read["Name"] == ["Łukasz"]
        assert encoding_of(read) == "Unicode (UTF-16)"


class TestChosenEncoding:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_wins(self, encoding):
        name = NAMES.get(encoding, "Łukasz").split()[0]

        read = read_csv(table(name, encoding), encoding)

        assert read["Name"] == [name]
        assert (encoding_of(read), read.how.guessed) == (f"{ENCODINGS[encoding]}, as chosen", False)

    def test_that_does_not_fit_is_refused_by_line(self):
        data = (FIELD / "enc-mixed.csv").read_bytes()

        with pytest.raises(UnreadableTable, match=r"Line 3 cannot be read as Unicode \(UTF-8\)"):
            read_csv(data, "utf-8-sig")

    @pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\1\2", b"%PDF-1.7\n\x0e\x1f"])
    def test_makes_no_text_of_other_files(self, data):
        with pytest.raises(UnreadableTable, match="no table"):
            read_csv(data, "cp1251")

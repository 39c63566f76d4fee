"""The pages of the demo's papers: real PDF files that look like what they stand for."""

from datetime import date
from random import Random

from fpdf import FPDF
from fpdf.enums import XPos, YPos

ORGANISATION = "Moss & Marble"
FOOT = "A made-up paper about a made-up person, for demonstration only."
GREEN = (46, 92, 78)
GREY = (110, 110, 110)

SCHOOLS = ["Fernhill College", "Slatebridge School", "University of Mossley Moor"]
EMPLOYERS = ["Pebble & Petal", "Quarrymead Estate", "Lichen Works", "Greenstone Nursery"]
STRENGTHS = [
    "Keeps calm when plans change", "Writes clear notes", "Finds the missing screw",
    "Driving licence", "First aid at work", "Speaks three languages", "Good with numbers",
    "Teaches apprentices", "Knows every plant by its Latin name", "Tidy records",
]  # fmt: skip
HOBBIES = ["choir", "long walks", "chess", "baking", "rowing", "pottery", "night skies", "old maps"]


def new_page(heading: str, subtitle: str) -> FPDF:
    page = FPDF(format="A4")
    page.set_title(heading)
    page.set_margin(20)
    page.add_page()
    page.set_fill_color(*GREEN)
    page.rect(0, 0, 210, 8, style="F")
    page.ln(4)
    write(page, heading, size=26, style="B", colour=GREEN)
    write(page, subtitle, size=13, colour=GREY)
    return page


def write(page: FPDF, text: str, *, size=11, style="", colour=(30, 30, 30)) -> None:
    """Write a paragraph over the full width and go to the next line."""
    page.set_font("Helvetica", style, size)
    page.set_text_color(*colour)
    page.multi_cell(0, size * 0.52, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def section(page: FPDF, title: str) -> None:
    page.ln(6)
    write(page, title.upper(), size=10, style="B", colour=GREEN)
    page.set_draw_color(*GREEN)
    page.line(20, page.get_y() + 0.5, 190, page.get_y() + 0.5)
    page.ln(2.5)


def finish(page: FPDF) -> bytes:
    page.set_auto_page_break(False)
    page.set_y(-18)
    write(page, FOOT, size=8, style="I", colour=GREY)
    return bytes(page.output())


def cv_page(rng: Random, person) -> bytes:
    """Return the CV of `person`, a PDF of one page."""
    profile = person.profile
    page = new_page(person.name, profile.job_title)
    write(page, f"{person.email}  |  {profile.phone}", size=10, colour=GREY)
    section(page, "Profile")
    write(
        page,
        f"{profile.job_title} in {profile.department.name} at {ORGANISATION}. Likes work that can "
        "be seen at the end of the day, and colleagues who say what they mean.",
    )
    section(page, "Work")
    since = profile.started_on.year
    began = since - rng.randint(2, 7)
    for years, job, employer in (
        (f"{since} to today", profile.job_title, ORGANISATION),
        (f"{began} to {since}", "Assistant", rng.choice(EMPLOYERS)),
    ):
        write(page, f"{job}, {employer}", style="B")
        write(page, years, size=10, colour=GREY)
        page.ln(2)
    section(page, "Education")
    write(page, f"{rng.choice(SCHOOLS)}, until {began}")
    section(page, "Strengths")
    for strength in rng.sample(STRENGTHS, 4):
        write(page, f"-  {strength}")
    section(page, "Otherwise")
    write(page, " and ".join(rng.sample(HOBBIES, 2)).capitalize() + ".")
    return finish(page)


def contract_page(person) -> bytes:
    """Return the contract of `person`, a PDF of one page."""
    profile = person.profile
    page = new_page("Contract of employment", f"{ORGANISATION} and {person.name}")
    for title, text in (
        ("Work", f"{person.name} works as {profile.job_title} in {profile.department.name}."),
        ("Start", f"The first day is {day(profile.started_on)}. The first six months are a trial."),
        ("Hours", "37 hours a week; 28 days of leave a year besides public holidays."),
        ("Notice", "Either side ends this contract in writing, with one month's notice."),
    ):
        section(page, title)
        write(page, text)
    page.ln(24)
    write(page, f"for {ORGANISATION}                                             {person.name}")
    return finish(page)


def certificate_page(person, valid_until: date) -> bytes:
    """Return a first aid certificate of `person`, a PDF of one page."""
    page = new_page("First aid at work", "Certificate")
    page.ln(20)
    write(page, person.name, size=22)
    page.ln(6)
    write(page, "has attended a course of one day and passed its test.", size=13)
    page.ln(6)
    write(page, f"Valid until {day(valid_until)}.", size=13, style="B")
    return finish(page)


def day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"

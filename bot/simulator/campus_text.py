"""Knows the words of Campus Connect: invented names, courses and sentences. Knows no tables."""

import json
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

FIRST = (
    "Ada", "Amira", "Anouk", "Ben", "Björn", "Camila", "Chidi", "Chloé", "Dario", "Dmitri", "Elif", "Emeka",
    "Farah", "Fatima", "Gustav", "Hana", "Ingrid", "Ivo", "Jamal", "João", "Kaito", "Keiko", "Lars", "Leila",
    "Linh", "Magda", "Malik", "María", "Mateo", "Mei", "Nadia", "Niamh", "Noah", "Olga", "Omar", "Priya",
    "Quentin", "Rania", "Ravi", "Renée", "Sana", "Santiago", "Sofía", "Søren", "Tariq", "Tomás", "Uma",
    "Vera", "Wanjiru", "Xiao", "Yara", "Yusuf", "Zoë", "Željko",
)  # fmt: skip
LAST = (
    "Abara", "Alvarez", "Bauer", "Bianchi", "Castillo", "Chen", "Dubois", "Eriksen", "Fernández", "García",
    "Haddad", "Hoang", "Ibrahim", "Ito", "Jansen", "Kaya", "Kim", "Kowalski", "Larsen", "Lindqvist", "Martín",
    "Mbeki", "Moreau", "Müller", "Nakamura", "Novák", "Okafor", "Olsen", "Park", "Petrov", "Quiñones", "Rao",
    "Rossi", "Sato", "Schmidt", "Silva", "Singh", "Tanaka", "Tran", "Ueda", "Vargas", "Walsh", "Yılmaz",
    "Zhang", "Ågren", "Øvergård",
)  # fmt: skip
MAJORS = (
    "Biology", "Chemistry", "Civil Engineering", "Computer Science", "Economics", "History", "Linguistics",
    "Mathematics", "Music", "Nursing", "Philosophy", "Physics", "Psychology", "Sociology",
)  # fmt: skip
COURSES = (
    "BIO 110",
    "CS 201",
    "ECON 240",
    "HIST 130",
    "MATH 221",
    "PHYS 150",
    "PSY 101",
    "LING 205",
    "CHEM 115",
    "PHIL 99",
)
PLACES = ("library", "north quad", "student union", "lab 3", "café by the fountain", "gym", "room B-204", "old chapel")
THINGS = (
    "notes",
    "bike",
    "laptop charger",
    "tickets",
    "guitar",
    "textbook",
    "umbrella",
    "calculator",
    "lab coat",
    "cello",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "this weekend", "tonight", "tomorrow")
INTERESTS = (
    "climbing",
    "chess",
    "film",
    "football",
    "hiking",
    "jazz",
    "photography",
    "poetry",
    "robotics",
    "running",
    "theatre",
)
TITLES = (
    "Study group for {course}", "Lost: {thing} near the {place}", "Selling a {thing}", "Who is at the {place} {day}?",
    "Notes from {course}, week {number}", "Found a {thing} in the {place}", "Volunteers wanted {day}",
    "Open mic at the {place}", "{course}: is the deadline still {day}?",
)  # fmt: skip
SENTENCES = (
    "I left my {thing} at the {place} {day}, has anybody seen it?",
    "We meet at the {place} {day} at {number}, bring your {thing}.",
    "Does anyone have the {thing} from {course}?",
    "The lecture in {course} moved to the {place}.",
    "Thanks, that helped me a lot with {course} 🙏",
    "I can lend you my {thing} until {day}.",
    "Honestly, {course} was the best class I took this year.",
    "See you {day} — I will be at the {place} from {number}.",
    "“Read chapter {number} before {day}”, the professor said.",
    "Is the {place} open {day}?",
    "Naïve question: do we need a {thing} for {course}?",
    "Count me in.", "No worries, take your time.", "Sounds good to me!", "Can we make it {number} instead?",
    "Group of {number} people so far, room for two more.",
    "The exam covers weeks 1 to {number}; \\ is the set difference there.",
    "数学の宿題を一緒にやりませんか？ {course}, {day}.",
)  # fmt: skip


class Text:
    """A long run of sentences, already escaped for JSON, cut only between sentences."""

    def __init__(self, random: np.random.Generator, sentences: int = 30_000) -> None:
        made = [self._filled(SENTENCES[kind], random) for kind in random.integers(0, len(SENTENCES), sentences)]
        escaped = [json.dumps(sentence, ensure_ascii=False)[1:-1] + " " for sentence in made]
        self._run = "".join(escaped)
        self._cuts = [0, *accumulate(map(len, escaped))]
        self._sentences = sentences
        self._titles = [self._filled(TITLES[kind], random) for kind in random.integers(0, len(TITLES), 4000)]

    @staticmethod
    def _filled(template: str, random: np.random.Generator) -> str:
        a, b, c, d, number = random.integers(0, 1 << 30, 5).tolist()
        return template.format(
            course=COURSES[a % len(COURSES)],
            place=PLACES[b % len(PLACES)],
            thing=THINGS[c % len(THINGS)],
            day=DAYS[d % len(DAYS)],
            number=2 + number % 11,
        )

    def bodies(self, random: np.random.Generator, count: int, most: int) -> list[str]:
        """`count` texts of one to `most` sentences."""
        lengths: NDArray[np.int64] = random.integers(1, most + 1, count)
        first = random.integers(0, self._sentences - most, count)
        run, cuts = self._run, self._cuts
        return [run[cuts[a] : cuts[b] - 1] for a, b in zip(first.tolist(), (first + lengths).tolist(), strict=True)]

    def titles(self, random: np.random.Generator, count: int) -> list[str]:
        return [self._titles[index] for index in random.integers(0, len(self._titles), count).tolist()]

"""The types of a problem: its words, its features, and the classes that are its answers."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

import msgspec
from msgspec import Meta

from model.problem.features import AnyFeature, Number, Text


class Noun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing's name, and the name of several."""

    name: Text
    plural: Text


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line about a class, and who says so."""

    label: Text
    text: Text
    source: Text
    url: Text


class Class(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A possible answer.

    Attributes:
        key: the word for it in data, models and the API, such as `german_shepherd`.
        name: the name for people, such as `German Shepherd`.
        picture: the file of its picture; in a manifest the name of the artifact's document.
        preview: the same for its picture in links, 1200 by 630 pixels.
        facts: lines about it.
    """

    key: Text
    name: Text
    picture: str = ""
    preview: str = ""
    facts: tuple[Fact, ...] = ()


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is answered: the CSV's column and JSON's member; with `article`, names get "a" or "an"."""

    name: Text
    plural: Text
    article: bool = False

    @property
    def words(self) -> str:
        """Return the name as it stands in a sentence."""
        return self.name.replace("_", " ")


class Sentences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parts of the sentences on the pages, which differ from problem to problem.

    Attributes:
        rows: rows within a range of the number, where `{range}` is such as "under about 5 kg".
        suits: the verb in "It suits about 9 in 10 similar homes".
        undecided: follows where two classes are nearly as probable.
        change: the link back to the form.
    """

    rows: Text
    suits: Text = "is right for"
    undecided: str = ""
    change: Text = "Change the answers"


class Problem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """What is asked and answered.

    Attributes:
        title: the name of the site.
        question: the heading of a form of several features.
        description: a sentence about the site, for search engines and link previews.
        simulated_note: the last line of every page where the data is simulated.
        decimal_comma: whether the numbers of tables have a decimal comma where semicolons separate the cells.
        row: what one line of the data is, such as a home.
        answer: what the answer is called, such as a puppy.
        unknown: what the model does not know, one sentence each.
        not_for: who should not use the model, on its card.
        icon: the file of the site's icon; in a manifest the name of the artifact's document.
        preview: the same for the picture in links.
        sentences: the words of the pages.
        target: what is answered.
        features: what is asked, in the order of the model's inputs.
        classes: the possible answers in the order of the catalogue.
    """

    title: Text
    question: Text
    description: Text
    simulated_note: str = ""
    decimal_comma: bool = False
    row: Noun
    answer: Noun
    unknown: tuple[str, ...] = ()
    not_for: str = ""
    icon: str = ""
    preview: str = ""
    sentences: Sentences
    target: Target
    features: Annotated[tuple[AnyFeature, ...], Meta(min_length=1)]
    classes: Annotated[tuple[Class, ...], Meta(min_length=2)]

    @cached_property
    def by_key(self) -> Mapping[str, Class]:
        """Return the classes by their keys."""
        return {entry.key: entry for entry in self.classes}

    @cached_property
    def features_by_name(self) -> Mapping[str, AnyFeature]:
        """Return the features by their names, in order."""
        return {feature.name: feature for feature in self.features}

    @property
    def path(self) -> str:
        """Return the target's plural as it stands in the address of the catalogue's page."""
        return self.target.plural.lower().replace(" ", "-").replace("_", "-")

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Return the features that are numbers."""
        return tuple(feature for feature in self.features if isinstance(feature, Number))

    @property
    def only_number(self) -> Number | None:
        """Return the feature if there is one only, a required number: the model is then a step function."""
        match self.features:
            case (Number(required=True) as number,):
                return number
        return None

    @property
    def rows_member(self) -> str:
        """Return the member of a batch that holds its rows."""
        return self.row.plural.lower().replace(" ", "_").replace("-", "_")

    @cached_property
    def unit_members(self) -> Mapping[str, str]:
        """Return the name of the member with the unit, by the name of each feature that has several units."""
        several = [number.name for number in self.numbers if len(number.units) > 1]
        return {name: "unit" if len(several) == 1 else f"{name}_unit" for name in several}

"""Dataclasses, enums and type hints around a task's plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TypedDict

import pendulum

from airflow.sdk import dag, task


class Unit(str, Enum):
    KG = "kg"
    G = "g"


@dataclass(frozen=True)
class Weight:
    value: float
    unit: Unit = Unit.KG
    notes: list[str] = field(default_factory=list)

    @property
    def grams(self) -> float:
        return self.value * 1000 if self.unit is Unit.KG else self.value


class Parcel(TypedDict):
    id: int
    weight: dict
    fragile: bool | None


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, tags=["corpus"])
def typed():
    @task
    def parcels() -> list[Parcel]:
        made = [Weight(1.5), Weight(250, Unit.G, ["by hand"])]
        return [{"id": number, "weight": asdict(weight), "fragile": None} for number, weight in enumerate(made)]

    @task
    def heaviest(found: list[Parcel]) -> int:
        weights = {
            parcel["id"]: Weight(**{**parcel["weight"], "unit": Unit(parcel["weight"]["unit"])}) for parcel in found
        }
        for number, weight in weights.items():
            print(number, weight)
        return max(weights, key=lambda number: weights[number].grams)

    @task
    def send(number: int, *, express: bool = False, price: float | None = None) -> str:
        text = f"parcel {number} {'express' if express else 'slow'} for {price if price is not None else 'free'}"
        print(text)
        return text

    send(heaviest(parcels()), express=True, price=9.5)


typed()

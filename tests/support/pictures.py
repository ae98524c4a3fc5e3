"""Pictures over REST, as a person in this process."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from tests.support.photos import photo


def upload(person, data: bytes, purpose: str = "profile", name: str = "me.jpg", type_: str = ""):
    file = (io.BytesIO(data), name, type_) if type_ else (io.BytesIO(data), name)
    form = {"file": file, "purpose": purpose}
    return person.api.call("POST", "/api/pictures", data=form, content_type="multipart/form-data")


def uploaded(person, purpose: str = "profile", **how) -> dict:
    answer = upload(person, photo(**how), purpose)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def seen(person, url: str) -> Image.Image:
    answer = person.api.get(url)
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.data))


def files_of(app) -> set[str]:
    folder = Path(app.config["SETTINGS"].media_url.removeprefix("file:")) / "pictures"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def error(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    said = answer.get_json()["error"]
    assert said["code"] == code
    return said


def profile(person, **fields):
    return person.api.patch("/api/users/me", fields)


def group_of(world, **fields) -> dict:
    made = world.alice.api.post(
        "/api/groups", {"name": "Crew", "members": [world.bob.id], **fields}
    )
    assert made.status_code == 201, made.text
    return made.get_json()

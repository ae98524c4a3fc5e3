"""REST calls for pictures, and the addresses that `<img>` loads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request

from chatapp.media import bp, queries, service
from chatapp.media.file_store import files
from chatapp.media.presenters import picture_json
from chatapp.media.schemas import NewPicture
from chatapp.media.storage import file_name
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_form
from chatapp.web.uploads import read_upload


@bp.post("/api/pictures")
@policy(scope="users:write", upload=True)
def upload_picture() -> Any:
    """Store an upload; answer 201 with the address to use as a picture or a background."""
    data, new = read_upload(), read_form(NewPicture)
    return dict(picture_json(service.upload(caller().id, new.purpose, data))), 201


@bp.get("/pictures/<uuid:picture_id>")
@policy(limit="none")
def picture(picture_id: UUID) -> Response:
    """Serve a picture. It can be cached forever, because an id always means the same picture."""
    found = queries.visible_picture(caller().id, str(picture_id))
    response = Response(content_type=found.mime_type)
    response.set_etag(found.id)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.make_conditional(request)
    if response.status_code == 200:
        with files().open(file_name(found.id)) as file:
            response.set_data(file.read())
    return response

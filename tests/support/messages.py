"""Messages over REST, as a person in this process."""

from __future__ import annotations


def say(person, conversation_id: int, *contents: str) -> list[dict]:
    return [
        person.api.post(f"/api/chat/{conversation_id}/messages", {"content": text}).get_json()
        for text in contents
    ]

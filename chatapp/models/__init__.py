"""The database tables."""

from __future__ import annotations

from chatapp.models.attempts import Attempts
from chatapp.models.block import Block
from chatapp.models.contact import Contact
from chatapp.models.conversation import Conversation
from chatapp.models.group import Group, GroupLink
from chatapp.models.invitation import Invitation
from chatapp.models.linked_account import LinkedAccount
from chatapp.models.mention import Mention
from chatapp.models.message import Message
from chatapp.models.participant import Participant
from chatapp.models.picture import Picture
from chatapp.models.reaction import Reaction
from chatapp.models.service_token import ServiceToken
from chatapp.models.sign_in import SignIn, StoredSession
from chatapp.models.user import User
from chatapp.models.verification import Verification

__all__ = [
    "Attempts",
    "Block",
    "Contact",
    "Conversation",
    "Group",
    "GroupLink",
    "Invitation",
    "LinkedAccount",
    "Mention",
    "Message",
    "Participant",
    "Picture",
    "Reaction",
    "ServiceToken",
    "SignIn",
    "StoredSession",
    "User",
    "Verification",
]

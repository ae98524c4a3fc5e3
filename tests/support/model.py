"""A chat client, and what it ought to know: for histories nobody would think of.

A `Client` keeps what an app on a phone would: built from nothing but the events its line brought,
and the answers to its calls. Whatever comes is held against the `Truth` of that moment.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.support.switchboard import Line, Switchboard
from tests.support.truth import Json, Truth, View, essence
from tests.support.world import Person


class Client:
    """Someone's app: `views` is all it knows."""

    def __init__(self, board: Switchboard, person: Person, name: str) -> None:
        self._board = board
        self.person = person
        self.name = name
        self.line: Line | None = None
        self.views: dict[int, View] = {}
        self.lossy = 0  # so many events are about to be lost on the way
        self.stale = True  # something was missed and no `sync` made up for it
        #: Of whose coming and going, and of which mentions, it heard: line, event, whose.
        self.heard: Counter[tuple[str, str, str]] = Counter()
        #: Who looks at a conversation, who writes in it, as far as it heard.
        self.companions: dict[int, set[str]] = defaultdict(set)
        self.typists: dict[int, set[str]] = defaultdict(set)
        self._versions: dict[int, int] = {}  # the one last heard of over this very line

    def __repr__(self) -> str:
        return self.name

    def connect(self) -> None:
        truth = self._board.truth
        self.line = Line(self._board, self.person)
        self._versions = {id_: truth.views[id_].version for id_ in truth.of(self.person.id)}
        self.stale = True

    def disconnect(self) -> None:
        assert self.line is not None
        self.line.close()
        self.line, self.stale, self.lossy = None, True, 0
        self.companions.clear()
        self.typists.clear()

    def join(self, id_: int) -> Json:
        """Look at a conversation."""
        assert self.line is not None
        return self.line.call("conversation:join", {"conversation_id": id_})

    def leave(self, id_: int) -> Json:
        """Look away."""
        assert self.line is not None
        self.look_past(id_)
        return self.line.call("conversation:leave", {"conversation_id": id_})

    def take(self) -> None:
        """Read the inbox to its end."""
        while self.line is not None and self.line.inbox:
            event, payload = self.line.inbox.pop(0)
            if not self._board.calm:
                if not event.startswith("user:"):
                    self._learn(event, payload)
                continue
            if event in ("user:online", "user:offline"):
                self.heard[self.line.id, event, payload["user_id"]] += 1
                continue
            self._check(event, payload, self._board.truth)
            if event == "user:mentioned":
                self._note_mention(payload)
                continue
            if event.startswith("user:"):
                self._see(event, payload)
                continue
            if self.lossy and event.split(":")[0] in ("message", "conversation"):
                self.lossy -= 1
                self.stale = True
            else:
                self._learn(event, payload)

    def sync(self) -> None:
        """Make good what was missed."""
        assert self.line is not None
        more = True
        while more:
            versions = {str(id_): view.version for id_, view in self.views.items()}
            answer = self.line.call("sync", {"versions": versions})
            assert answer["ok"], answer
            for id_ in answer["removed"]:
                assert id_ in self.views, "only what was asked for can be removed"
                del self.views[id_]
            for found in answer["conversations"]:
                id_ = found["conversation"]["id"]
                if id_ in self.views:
                    self._catch_up(found)
                else:
                    assert (found["messages"], found["has_more"]) == ([], False)
                    self._ask(id_)
            more = any(found["has_more"] for found in answer["conversations"])
        self.stale = False

    def check(self) -> None:
        """It knows what the database holds: no less, no more, nothing twice."""
        truth = self._board.truth
        assert set(self.views) == truth.of(self.person.id), self
        for id_, known in self.views.items():
            true = truth.views[id_]
            assert known.messages == true.messages, (self, id_)
            assert (known.version, known.last_seq) == (true.version, true.last_seq), (self, id_)
            assert (known.name, known.members) == (true.name, true.members), (self, id_)
            assert known.membership_version == true.membership_version, (self, id_)
            assert known.pointers == truth.pointers(id_, self.person.id), (self, id_)

    def _check(self, event: str, payload: Json, truth: Truth) -> None:
        """What holds for everything that a line brings, whatever the client makes of it."""
        me = self.person.id
        assert event != "error", payload
        whole = event in ("conversation:created", "conversation:updated")
        id_ = payload["id" if whole else "conversation_id"]
        if event == "conversation:removed":
            assert me not in truth.views[id_].members or truth.deleted(id_), (self, payload)
            assert self._versions.pop(id_, None) is not None, "removed from what was never theirs"
            return
        assert id_ in truth.of(me), f"{self} isn't a member and hears {event}: {payload}"
        if event == "message:read" and truth.cut(id_):
            assert payload["user_id"] == me, "a receipt across a block"
        if event == "message:read" and truth.hiding & {me, payload["user_id"]}:
            assert payload["user_id"] == me, "a receipt of, or for, who hides it"
        if event.startswith("user:"):
            assert not truth.cut(id_), f"{self} notices {event} across a block"
            begins = event in ("user:typing", "user:joined")
            assert not begins or payload["user_id"] in truth.views[id_].members
        version = payload.get("version")
        if version is None:
            return
        if id_ in self._versions:
            assert version == self._versions[id_] + 1, (self, event, version, self._versions[id_])
        else:
            assert event == "conversation:created", (self, event, "the first thing heard of")
        self._versions[id_] = version

    def _note_mention(self, payload: Json) -> None:
        """A message of somebody else's mentions this person: so it says."""
        assert self.line is not None
        message = self._board.truth.views[payload["conversation_id"]].messages[
            payload["message_id"]
        ]
        assert (payload["seq"], payload["user_id"]) == (message["seq"], message["sender_id"])
        assert self.person.id in self._board.truth.mentioned(message), (self, payload)
        self.heard[self.line.id, "user:mentioned", message["id"]] += 1

    def _see(self, event: str, payload: Json) -> None:
        """Somebody comes, goes or writes, in front of those who look at the conversation."""
        assert self.line is not None
        truth, id_, other = self._board.truth, payload["conversation_id"], payload["user_id"]
        assert id_ in self.line.viewing, (self, event, "of what they don't look at")
        assert other != self.person.id, (self, event, "of themselves")
        assert not truth.cut(id_), (self, event, "across a block")
        seen = self.companions if event in ("user:joined", "user:left") else self.typists
        if event in ("user:joined", "user:typing"):
            assert other in truth.views[id_].members, (self, event, "of a stranger")
            seen[id_].add(other)
        else:
            seen[id_].discard(other)

    def look_past(self, id_: int) -> None:
        """Whoever was seen there isn't any more."""
        self.companions.pop(id_, None)
        self.typists.pop(id_, None)

    def _learn(self, event: str, payload: Json) -> None:
        if event == "conversation:created":
            if payload["version"] > 1:  # it has a history
                self._ask(payload["id"])
            elif self._follows(payload["id"], 1):
                self._learn_conversation(self.views[payload["id"]], payload)
        elif event == "conversation:removed":
            self.look_past(payload["conversation_id"])
            self.views.pop(payload["conversation_id"], None)
        elif event == "conversation:updated":
            if self._follows(payload["id"], payload["version"]):
                self._learn_conversation(self.views[payload["id"]], payload)
        elif event == "message:read":
            view = self.views.get(payload["conversation_id"])
            if view is not None:
                known = view.pointers.get(payload["user_id"], 0)
                view.pointers[payload["user_id"]] = max(known, payload["seq"])
        elif self._follows(payload["conversation_id"], payload["version"]):
            self._learn_message(self.views[payload["conversation_id"]], payload)

    def _follows(self, id_: int, version: int) -> bool:
        """Whether this version is the next one; a hole is filled, what is known is no news."""
        view = self.views.setdefault(id_, View())
        if version > view.version + 1:
            self._ask(id_)
        if id_ not in self.views or version <= view.version:
            return False
        view.version = version
        return True

    def _ask(self, id_: int) -> None:
        """Everything since the version that is known."""
        assert self.line is not None
        view, more = self.views.setdefault(id_, View()), True
        while more:
            asked = {"conversation_id": id_, "after_version": view.version}
            answer = self.line.call("conversation:join", asked)
            if not answer["ok"]:  # it was theirs when the event left
                assert answer["error"]["code"] == "not_found", answer
                del self.views[id_]
                return
            self._catch_up(answer)
            more = answer["has_more"]

    def _catch_up(self, found: Json) -> None:
        view = self.views[found["conversation"]["id"]]
        versions = [message["version"] for message in found["messages"]]
        assert versions == sorted(set(versions)), "by version"
        assert all(view.version < version <= found["version"] for version in versions)
        for message in found["messages"]:
            self._learn_message(view, message)
        self._learn_conversation(view, found["conversation"])
        self._check_mine(view, found["conversation"])
        view.version = found["version"]
        last = found["conversation"]["last_message"]
        if last is None:
            assert view.last_seq == 0
        else:
            assert last["seq"] == view.last_seq
            assert found["has_more"] or view.messages[last["id"]] == essence(last)

    def _check_mine(self, view: View, conversation: Json) -> None:
        """What an answer says of oneself, and of who is there."""
        me = self.person.id
        assert conversation["last_read_seq"] == view.pointers[me]
        assert conversation["unread_count"] == conversation["last_seq"] - view.pointers[me]
        if self._board.calm:
            unread = self._board.truth.unread_mentions(conversation["id"], me)
            assert conversation["unread_mentions"] == unread, (self, conversation)
        for one in conversation["participants"] if self._board.calm else ():
            hidden = self._board.truth.blocked(me, one["id"])
            assert one["online"] == (None if hidden else self._board.online(one["id"])), (self, one)

    def _learn_message(self, view: View, message: Json) -> None:
        view.messages[message["id"]] = essence(message)
        view.last_seq = max(view.last_seq, message["seq"])
        sender = message["sender_id"]
        known = view.pointers.get(sender)
        hidden = {self.person.id} if message["type"] == "system" else {self.person.id, sender}
        if sender != self.person.id and hidden & self._board.truth.hiding:
            return
        if known is not None and (message["type"] != "system" or known == message["seq"] - 1):
            view.pointers[sender] = max(known, message["seq"])

    def _learn_conversation(self, view: View, conversation: Json) -> None:
        people = conversation["participants"]
        view.membership_version = conversation["membership_version"]
        view.name = conversation["name"] if conversation["kind"] == "group" else None
        view.members = {one["id"]: one["member_role"] for one in people}
        mine = view.pointers.get(self.person.id, 0)
        view.pointers = {one["id"]: one["last_read_seq"] for one in people}
        view.last_seq = max(view.last_seq, conversation["last_seq"])
        assert conversation["read_by_all_seq"] == min(view.pointers.values(), default=0)
        if self.person.id in view.pointers:  # an event has what the others may know of it
            view.pointers[self.person.id] = max(mine, view.pointers[self.person.id])

"""Does the same step of several works at once: what each would insert is inserted together.

Every work runs as if it were alone, with all that other addons do in it. Where it comes to a step
that can be shared it waits until the others came to theirs. Then one call does the step for all
that ask for the same, and each goes on with its own answer. One thread, one transaction: works take
turns at these steps only.
"""

from contextlib import contextmanager
from typing import NamedTuple

from greenlet import getcurrent, greenlet
from odoo import api

from . import known


class _Step(NamedTuple):
    """``do`` answers a list of values with a list of as many answers, for all steps of one
    ``key``."""

    key: tuple
    value: object
    do: object


class _Worker(greenlet):
    """One work. ``shares``: whether it may wait for others now; ``names``: fields of models, the
    same for all."""

    shares = False
    names = None


def run(works):
    """The answers of some works (callables), in their order. What one raises ends all of them."""
    workers = [_Worker(work) for work in works]
    names, answers = {}, {}
    for worker in workers:
        worker.names = names
    try:
        turns = dict.fromkeys(workers, ())
        while turns:
            asked = {}
            for worker, given in turns.items():
                got = worker.switch(*given)
                (answers if worker.dead else asked)[worker] = got
            turns = _turns(asked)
        return [answers[worker] for worker in workers]
    finally:
        for worker in workers:
            worker.shares = False
            if not worker.dead:
                worker.throw()


def _turns(asked):
    """What each worker goes on with, in their order."""
    groups = []
    for worker, step in asked.items():
        some = next((some for key, some in groups if key == step.key), None)
        if some is None:
            groups.append((step.key, some := []))
        some.append((worker, step))
    given = {}
    for _key, some in groups:
        made = some[0][1].do([step.value for _worker, step in some])
        given |= {worker: (one,) for (worker, _step), one in zip(some, made, strict=True)}
    return {worker: given[worker] for worker in asked}


@contextmanager
def sharing():
    """Within it, a work shares its steps. Nothing that it undoes by itself may be begun outside."""
    if not is_work():
        yield
        return
    worker = getcurrent()
    worker.shares = True
    try:
        yield
    finally:
        worker.shares = False


def is_work():
    """Whether this runs as one of several works."""
    return isinstance(getcurrent(), _Worker)


def shares():
    """Whether this is a work that shares its steps now."""
    return is_work() and getcurrent().shares


def step(records, name, value, do):
    """``do([value])[0]``, or the answer among those for all works that came to the same step in
    the same environment."""
    if not shares():
        return do([value])[0]
    env = records.env
    key = (name, records._name, env.uid, env.su, env.context)
    return getcurrent().parent.switch(_Step(key, value, do))


def hook(model):
    """Let ``create`` of a model share, above whatever addons do there: as ``base_automation`` of
    Odoo, at the class of the registry."""
    if "create" in vars(model) and _is_ours(vars(model)["create"]):
        return
    before = {name: vars(model).get(name) for name in ("create", "fields_get")}

    def origin(self, name):
        return before[name].__get__(self) if before[name] else getattr(super(model, self), name)

    @api.model_create_multi
    def create(self, vals_list):
        make = origin(self, "create")
        if len(vals_list) != 1 or not shares():
            return make(vals_list)

        def make_all(several):
            made = make(several)
            batch = known.of(self.env)
            if batch:
                batch.expect(made)
            return made

        return step(self, "create", vals_list[0], make_all)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """``message_new`` of Odoo asks it for each mail, to know which names there are."""
        ask = origin(self, "fields_get")
        if allfields or attributes or not shares():
            return ask(allfields, attributes)
        names = getcurrent().names
        asks = (self._name, self.env.uid, self.env.su, self.env.lang)
        if asks not in names:
            names[asks] = ask()
        return dict(names[asks])

    create.origin, create.shares = before["create"], True
    model.create, model.fields_get = create, fields_get


def _is_ours(method):
    while method is not None:
        if getattr(method, "shares", False):
            return True
        method = getattr(method, "origin", None)
    return False

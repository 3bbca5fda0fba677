# Copyright (c) 2026, the mailops.gate authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of ``dataclasses`` that this library uses, under the same names and with the same meaning.

The standard one writes and compiles source for each class, 0.7 ms each, and imports ``inspect``, 10 ms: of a look that costs us
150 ms, its sixty classes were 50. Here a class takes 0.01 ms. The functions of ``dataclasses`` work on these classes too.
Left out: fields of several base classes, ``order``, ``init=False`` and the like. Fields are in ``__dict__``, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

__all__ = ["asdict", "dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, replace
else:

    class _Factory:
        def __init__(self, make: Callable[[], Any]) -> None:
            self.make = make

    def field(default: Any = None, default_factory: Optional[Callable[[], Any]] = None) -> Any:
        """A field's default; ``default_factory`` makes it anew for each instance."""
        return default if default_factory is None else _Factory(default_factory)

    def dataclass(cls: Any = None, frozen: bool = False) -> Any:
        """Give a class what its annotated fields call for. ``frozen``: instances cannot be changed, and can be keys."""
        if cls is None:
            return _made_frozen if frozen else _made
        return _made(cls)

    def replace(instance: Any, **changes: Any) -> Any:
        """A copy of an instance with other values."""
        return type(instance)(**{**instance.__dict__, **changes})

    def asdict(instance: Any) -> Dict[str, Any]:
        """The fields by name, in their order; those of instances within them likewise. Collections are copied."""
        names = getattr(instance, "__match_args__", instance.__dict__)
        return {name: _plain(instance.__dict__[name]) for name in names}

    def _plain(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(_plain(item) for item in value)
        if isinstance(value, dict):
            return {key: _plain(item) for key, item in value.items()}
        return asdict(value) if "__dataclass_fields__" in type(value).__dict__ else value

    def _made_frozen(cls: Any) -> Any:
        cls.__setattr__ = cls.__delattr__ = _refuse
        cls.__hash__ = _hash
        return _made(cls)

    def _made(cls: Any) -> Any:
        own = tuple(cls.__dict__.get("__annotations__") or getattr(cls, "__annotations__", {}))
        # Those of a base class come first; whether it is frozen is for the class itself to say again.
        names = tuple(dict.fromkeys((*getattr(cls.__base__, "__match_args__", ()), *own)))
        cls.__match_args__ = names
        cls._gate_defaults = {
            **getattr(cls.__base__, "_gate_defaults", {}),
            **{name: cls.__dict__[name] for name in own if name in cls.__dict__},
        }
        cls.__init__ = _initializer(names, cls._gate_defaults)
        cls.__repr__ = _repr
        # Python takes the hash away from classes whose body has __eq__; this comes later, and so does it by hand.
        if "__hash__" not in cls.__dict__:
            cls.__hash__ = None
        cls.__eq__ = _eq
        cls.__dataclass_fields__ = _StandardFields()
        return cls

    def _initializer(names: Tuple[str, ...], defaults: Dict[str, Any]) -> Callable[..., None]:
        count, known = len(names), frozenset(names)
        factories = [(name, default.make) for name, default in defaults.items() if isinstance(default, _Factory)]

        def __init__(self: Any, *values: Any, **named: Any) -> None:
            state = self.__dict__
            state.update(defaults)
            for name, make in factories:
                state[name] = make()
            if values:
                state.update(zip(names, values))
                if len(values) > count or any(name in named for name in names[: len(values)]):
                    raise TypeError("{0}: too many values, or one given twice".format(type(self).__name__))
            state.update(named)
            if len(state) != count or not known.issuperset(named):
                missing = [name for name in names if name not in state]
                unknown = [name for name in named if name not in known]
                raise TypeError("{0}: missing {1}, unknown {2}".format(type(self).__name__, missing, unknown))

        return __init__

    def _repr(self: Any) -> str:
        said = ", ".join("{0}={1!r}".format(name, self.__dict__[name]) for name in self.__match_args__)
        return "{0}({1})".format(type(self).__name__, said)

    def _eq(self: Any, other: Any) -> Any:
        return self.__dict__ == other.__dict__ if type(self) is type(other) else NotImplemented

    def _hash(self: Any) -> int:
        return hash(tuple([self.__dict__[name] for name in self.__match_args__]))

    def _refuse(self: Any, name: str, *_value: Any) -> None:
        raise AttributeError("{0} is frozen: {1} cannot be changed".format(type(self).__name__, name))

    class _StandardFields:
        """``dataclasses`` knows its own by this attribute, which is made when something asks for it."""

        def __get__(self, _instance: Any, cls: Any) -> Any:
            import dataclasses  # pylint: disable=import-outside-toplevel

            fields: List[Any] = []
            for name in cls.__match_args__:
                default = cls._gate_defaults.get(name, dataclasses.MISSING)
                if isinstance(default, _Factory):
                    default = dataclasses.field(default_factory=default.make)  # pylint: disable=invalid-field-call
                fields.append((name, Any) if default is dataclasses.MISSING else (name, Any, default))
            return dataclasses.make_dataclass(cls.__name__, fields).__dataclass_fields__

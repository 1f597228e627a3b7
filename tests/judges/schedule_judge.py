"""Schedules beside dateutil: reads cases, one JSON object a line, and says which instants differ.

The days come from dateutil's rules, made of the schedule and, once more, of our own RRULE; the instants from zoneinfo.
"""

import datetime as dt
import json
import sys
import zoneinfo

from dateutil import rrule

UTC = dt.timezone.utc
EPOCH = dt.date(1970, 1, 5)
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
KINDS = {name: [at] for at, name in enumerate(WEEKDAYS)}
KINDS |= {"DAY": range(7), "WEEKDAY": range(5), "WEEKEND_DAY": [5, 6]}
PLACES = {"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4, "LAST": -1}
UNITS = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}


def midnight(day):
    return dt.datetime.combine(day, dt.time())


def of_month(day):
    if "number" in day:
        return {"bymonthday": day["number"]}
    kind = day["of"]["kind"]
    return {"byweekday": list(KINDS[kind]), "bysetpos": PLACES[day["of"]["week"]]}


def rule(schedule, start):
    (kind, how), = schedule["on"].items()
    more = {"interval": how["every"], "wkst": rrule.MO}
    if kind == "daily":
        return rrule.rrule(rrule.DAILY, start, **more)
    if kind == "weekly":
        return rrule.rrule(rrule.WEEKLY, start, byweekday=[WEEKDAYS.index(day) for day in how["on"]], **more)
    if kind == "monthly":
        return rrule.rrule(rrule.MONTHLY, start, **of_month(how["day"]), **more)
    return rrule.rrule(rrule.YEARLY, start, bymonth=how["month"], **of_month(how["day"]), **more)


def exists(moment):
    return moment.astimezone(UTC).astimezone(moment.tzinfo).replace(tzinfo=None) == moment.replace(tzinfo=None)


def instants(local, zone, step):
    """What clocks there show at that time: once, twice, or never, and then the next that they do show."""
    early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if not exists(early):
        for minutes in range(1, 26 * 60):
            later = (local.replace(second=0) + dt.timedelta(minutes=minutes)).replace(tzinfo=zone)
            if exists(later):
                return [later.astimezone(UTC)]
        raise ValueError(f"{local} {zone}: nothing comes after it")
    first, second = early.astimezone(UTC), late.astimezone(UTC)
    if first < second and step and step <= second - first:
        return [first, second]
    return [first]


def times(schedule):
    """Seconds of the day, and the step."""
    (kind, how), = schedule["at"].items()
    seconds = lambda text: sum(int(part) * 60 ** (2 - at) for at, part in enumerate(text.split(":")))
    if kind == "once":
        return [seconds(how)], None
    step, begin, end = how["every"] * UNITS[how["unit"]], seconds(how["from"]), seconds(how["until"])
    if end < begin:
        end += 86_400
    return range(begin, end + 1, step), dt.timedelta(seconds=step)


def coming(case, days, zone):
    after = dt.datetime.fromtimestamp(case["after"], UTC)
    found, (seconds, step) = set(), times(case["schedule"])
    for day in days:
        # A day that begins two days after the last one that counts can't have an earlier instant.
        if len(found) >= case["count"] and midnight(day) - last > dt.timedelta(days=2):
            break
        for second in seconds:
            found.update(one for one in instants(midnight(day) + dt.timedelta(seconds=second), zone, step) if one > after)
        if len(found) >= case["count"]:
            last = max(midnight(day), last) if len(found) < case["count"] else sorted(found)[case["count"] - 1].astimezone(zone).replace(tzinfo=None)
    return [int(one.timestamp()) for one in sorted(found)[: case["count"]]]


def dates(rules, first, last):
    for moment in rules.xafter(midnight(first), inc=True):
        if last and moment.date() > last:
            return
        yield moment.date()


def judged(case):
    schedule = case["schedule"]
    zone = zoneinfo.ZoneInfo(schedule["time_zone"])
    date = lambda text: text and dt.date.fromisoformat(text)
    starts, ends = date(schedule["starts_on"]), date(schedule["ends_on"])
    today = dt.datetime.fromtimestamp(case["after"], UTC).astimezone(zone).date()
    begin = max(starts or EPOCH, today - dt.timedelta(days=3))
    # Every day, week or month: it does not matter from when it is counted.
    (_, how), = schedule["on"].items()
    start = midnight(starts or (begin.replace(month=1, day=1) if how["every"] == 1 else EPOCH))
    expected = coming(case, dates(rule(schedule, start), begin, ends), zone)
    own = rrule.rrulestr(case["rrule"], dtstart=start)
    by_rule = coming(case, dates(own, begin, ends), zone)
    if expected != case["coming"] or by_rule != expected:
        show = lambda all: [dt.datetime.fromtimestamp(one, UTC).astimezone(zone).isoformat() for one in all]
        return f"{json.dumps(schedule)} after {show([case['after']])}: {show(case['coming'])}, not {show(expected)} or {show(by_rule)}"
    return None


def main():
    wrong = cases = 0
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            cases += 1
            if told := judged(json.loads(line)):
                wrong += 1
                if wrong <= 10:
                    print(told)
    print(f"{cases} cases, {wrong} wrong")


main()

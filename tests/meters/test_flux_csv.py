"""The CSV that Flux answers with, and the texts that are none."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.errors import DataError
from joulelab.meters.databases import flux_csv
from joulelab.meters.transport.iso_time import epoch_ns, utc

HEADER = ",result,table,_start,_stop,_time,_value,_field,_measurement,host"
ROW = (
    ",,0,2024-03-27T16:15:21.073488201Z,2024-03-27T16:15:57.890192557Z,2024-03-27T16:15:31Z,"
    "6.46,cpu_time_system,procstat,telegraf"
)
STAMP = "dateTime:RFC3339"
ANNOTATED = f"""#datatype,string,long,{STAMP},{STAMP},{STAMP},double,string,string,string
#group,false,false,true,true,false,false,true,true,true
#default,_result,,,,,,,,
{HEADER}
{ROW}
{ROW.replace("6.46", "7").replace("31Z", "41.5Z")}
{ROW.replace(",,0,", ",,1,").replace("telegraf", "other").replace("6.46", "")}

#datatype,string,long,dateTime:RFC3339,long,string,string
#group,false,false,false,false,true,true
#default,_result,,,,,
,result,table,_time,_value,_field,_measurement
,,2,2024-03-27T16:15:31Z,12,reads,diskio
"""
KEY = {"_field": "cpu_time_system", "_measurement": "procstat", "host": "telegraf"}
T0_NS = 1_711_556_131_000_000_000


def test_each_table_of_an_annotated_reply_is_a_series_of_its_own():
    first, second, third = flux_csv.read(ANNOTATED)
    assert first.key == KEY
    assert first.times_ns.tolist() == [T0_NS, T0_NS + 10_500_000_000]
    assert first.values.tolist() == [6.46, 7.0]
    assert second.key == {**KEY, "host": "other"}
    assert third.key == {"_field": "reads", "_measurement": "diskio"}
    assert third.values.tolist() == [12.0]


def test_an_empty_value_is_not_a_number():
    assert math.isnan(flux_csv.read(ANNOTATED)[1].values[0])


def test_a_default_fills_an_empty_cell():
    text = "#group,false,false,true,false,false\n#default,_result,,plug,,\n"
    (series,) = flux_csv.read(
        f"{text},result,table,name,_time,_value\n,,0,,2024-03-27T16:15:31Z,5\n"
    )
    assert series.key == {"name": "plug"}


def test_a_header_alone_names_the_columns():
    (series,) = flux_csv.read(f"{HEADER}\r\n{ROW}\r\n")
    assert series.key == KEY


def test_data_rows_alone_have_the_usual_columns():
    (series,) = flux_csv.read(f"{ROW}\n")
    assert series.key == {**{k: KEY[k] for k in ("_field", "_measurement")}, "tag_0": "telegraf"}
    assert series.values.tolist() == [6.46]


def test_replies_of_one_file_are_told_apart():
    text = f"{ROW}\n{ROW}\n#####\n{ROW}\n#####\n#####\n{HEADER}\n{ROW}\n#####\n"
    series = flux_csv.read(text)
    assert [each.reply for each in series] == [0, 1, 3]
    assert [len(each.values) for each in series] == [2, 1, 1]


def test_a_path_is_read_as_the_text_is(tmp_path):
    path = tmp_path / "results.txt"
    path.write_text(ANNOTATED)
    for source in (path, str(path)):
        assert [each.key for each in flux_csv.read(source)] == [
            each.key for each in flux_csv.read(ANNOTATED)
        ]


def test_an_empty_reply_has_no_series():
    assert flux_csv.read("\n") == []


def test_an_error_table_is_raised_with_the_servers_words():
    text = "#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n"
    with pytest.raises(DataError, match="Failed to parse query"):
        flux_csv.read(f"{text},Failed to parse query,897\n")


def test_an_error_after_data_is_raised_too():
    with pytest.raises(DataError, match="out of memory"):
        flux_csv.read(f"{ANNOTATED}\n#datatype,string,string\n,error,reference\n,out of memory,1\n")


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{ROW},more\n",
        f"{HEADER}\n{ROW.replace('2024-03-27T16:15:31Z', 'yesterday')}\n",
        f'{HEADER}\n{ROW}"\n"',
    ],
    ids=["cells", "time", "quote"],
)
def test_what_cannot_be_read_is_said(text):
    with pytest.raises(DataError):
        flux_csv.read(text)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        flux_csv.read(tmp_path / "missing.csv")


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)
TIMES = st.integers(0, 4_000_000_000_000_000_000)


@settings(deadline=None)
@given(
    st.dictionaries(WORDS, st.lists(st.tuples(TIMES, st.floats()), min_size=1), min_size=1),
)
def test_what_was_written_is_read(hosts):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["#group", "false", "false", "false", "false", "true"])
    writer.writerow(["", "result", "table", "_time", "_value", "host"])
    for number, (host, points) in enumerate(hosts.items()):
        for time_ns, value in points:
            writer.writerow(["", "_result", number, utc(time_ns), repr(value), host])
    series = {each.key["host"]: each for each in flux_csv.read(text.getvalue())}
    assert set(series) == set(hosts)
    for host, points in hosts.items():
        assert series[host].times_ns.tolist() == [time_ns for time_ns, _ in points]
        np.testing.assert_array_equal(series[host].values, [value for _, value in points])


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        series = flux_csv.read(text + "\n")
    except DataError:
        return
    assert all(len(each.times_ns) == len(each.values) for each in series)


@settings(deadline=None)
@given(TIMES)
def test_an_instant_survives_its_text(time_ns):
    assert epoch_ns(utc(time_ns)) == time_ns


@pytest.mark.parametrize(
    "text", ["2024-03-27T17:15:31+01:00", "2024-03-27 16:15:31Z", "2024-03-27T16:15:31.000+0000"]
)
def test_zones_are_understood(text):
    assert epoch_ns(text) == T0_NS


@pytest.mark.parametrize("text", ["2024-03-27T16:15:31", "2024-13-27T16:15:31Z", "", "now"])
def test_an_instant_without_a_zone_is_none(text):
    with pytest.raises(ValueError, match=r".+"):
        epoch_ns(text)

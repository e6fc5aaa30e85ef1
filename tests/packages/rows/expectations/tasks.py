"""Great Expectations: a suite of three expectations against a data frame, one of which fails."""

import great_expectations as gx
import pandas as pd

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("great_expectations")


@dag.task
def work() -> list:
    context = gx.get_context(mode="ephemeral")
    frame = pd.DataFrame({"id": [1, 2, 3, 3], "name": ["a", "b", None, "d"]})
    source = context.data_sources.add_pandas("desk")
    batch = source.add_dataframe_asset("people").add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(gx.ExpectationSuite(name="people"))
    suite.add_expectation(gx.expectations.ExpectColumnValuesToBeUnique(column="id"))
    suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column="name", mostly=0.5))
    suite.add_expectation(gx.expectations.ExpectTableRowCountToEqual(value=4))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="people", data=batch, suite=suite))
    result = definition.run(batch_parameters={"dataframe": frame})
    return [result.success, [(item.expectation_config.type, item.success) for item in result.results]]

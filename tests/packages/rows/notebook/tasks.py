"""papermill: a notebook with parameters, executed by ipykernel."""

import tempfile

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("papermill")


@dag.task
def work() -> list:
    import nbformat
    import papermill

    folder = tempfile.mkdtemp()
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    cell = nbformat.v4.new_code_cell("x = 1")
    cell.metadata["tags"] = ["parameters"]
    notebook.cells = [cell, nbformat.v4.new_code_cell("import json\nprint(json.dumps({'x': x * 2}))")]
    nbformat.write(notebook, f"{folder}/in.ipynb")
    done = papermill.execute_notebook(
        f"{folder}/in.ipynb", f"{folder}/out.ipynb", parameters={"x": 21}, progress_bar=False
    )
    return [cell.outputs[0].text for cell in done.cells if cell.get("outputs")]

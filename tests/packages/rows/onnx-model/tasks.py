"""onnxruntime: a model of one matrix product, made with onnx."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("onnxruntime")


@dag.task
def work() -> list:
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Relu", ["m"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor("w", TensorProto.FLOAT, [2, 2], [1.0, -1.0, 2.0, 1.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.shape_inference.infer_shapes(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answer = session.run(None, {"x": np.array([[1.0, 2.0], [-1.0, 0.5]], np.float32)})[0]
    return [answer.tolist(), "CPUExecutionProvider" in onnxruntime.get_available_providers()]

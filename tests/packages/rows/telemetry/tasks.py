"""OpenTelemetry: exporters, propagators, samplers and the configurator, all by the names of entry points."""

import os

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("opentelemetry")


@dag.task
def work() -> list:
    os.environ.update(
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        OTEL_PROPAGATORS="tracecontext,baggage,b3",
        OTEL_TRACES_SAMPLER="parentbased_always_on",
        OTEL_SERVICE_NAME="shop",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://127.0.0.1:9/v1/traces",
        OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="process,otel",
        OTEL_BSP_EXPORT_TIMEOUT="10",
    )
    from opentelemetry import propagate, trace
    from opentelemetry.instrumentation.auto_instrumentation import initialize
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    initialize()
    provider = trace.get_tracer_provider()
    memory = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with trace.get_tracer("desk").start_as_current_span("work"):
        carrier = {}
        propagate.inject(carrier)
    exporter = provider._active_span_processor._span_processors[0].span_exporter
    attributes = provider.resource.attributes
    span = memory.get_finished_spans()[0]
    return [
        type(exporter).__module__,
        sorted(carrier),
        type(provider.sampler).__name__,
        [span.name, attributes["service.name"], attributes["telemetry.sdk.name"], "process.pid" in attributes],
    ]

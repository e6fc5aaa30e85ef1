"""Clients of language models, against a server that answers as theirs do."""

from __future__ import annotations

from dagfloe import Bundle, Client

bundle = Bundle()
dag = bundle.dag("models")


@dag.task
def use_openai(client: Client) -> dict:
    import openai
    from pydantic import BaseModel

    class Fish(BaseModel):
        name: str
        weight: float

    service = openai.OpenAI(api_key="none", base_url=client.get_variable("http_url") + "/openai/v1")
    ask = [{"role": "user", "content": "Which fish?"}]
    answer = service.chat.completions.create(model="small", messages=ask)
    parsed = service.chat.completions.parse(model="object", messages=ask, response_format=Fish)
    stream = service.chat.completions.create(model="small", messages=ask, stream=True)
    words = [chunk.choices[0].delta.content for chunk in stream]
    try:
        service.with_options(max_retries=0).chat.completions.create(model="none", messages=ask)
    except openai.NotFoundError as error:
        problem = error.status_code
    return {
        "answer": answer.choices[0].message.content,
        "parsed": parsed.choices[0].message.parsed.model_dump(),
        "words": words,
        "problem": problem,
    }


@dag.task
def use_anthropic(client: Client) -> dict:
    import anthropic

    service = anthropic.Anthropic(api_key="none", base_url=client.get_variable("http_url") + "/anthropic")
    ask = {"model": "small", "max_tokens": 9, "messages": [{"role": "user", "content": "Which fish?"}]}
    answer = service.messages.create(**ask)
    with service.messages.stream(**ask) as stream:
        words = list(stream.text_stream)
    try:
        service.with_options(max_retries=1).messages.create(**{**ask, "model": "busy"})
    except anthropic.RateLimitError as error:
        problem = error.status_code
    return {"answer": answer.content[0].text, "tokens": answer.usage.output_tokens, "words": words, "problem": problem}

"""Payloads: the JSON that each family of Bedrock models reads and writes, answered by the embedded models; malformed requests refused in Bedrock's words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from auroraml.records import dataclass
from auroraml.services.embedded import embedding, text_model
from auroraml.services.embedded.text_model import Written, tokens, write
from auroraml.services.protocols import ServiceFailure

Json = dict[str, Any]
MOST_TOKENS = 8_192  # Titan's embedding models read
DEFAULT_TOKENS = 512


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer and its token counts."""

    body: Json
    read: int
    written: int = 0


def invalid(message: str) -> ServiceFailure:
    """ValidationException."""
    return ServiceFailure("ValidationException", message, transient=False)


def malformed(problems: str = "") -> ServiceFailure:
    """What Bedrock says of a request that does not fit its model."""
    between = f": {problems}," if problems else ","
    return invalid(f"Malformed input request{between} please reformat your input and try again.")


def checked(body: object, required: Mapping[str, type], optional: Sequence[str]) -> Json:
    """The request, with its required keys and no others than the optional ones."""
    if not isinstance(body, dict):
        raise malformed(f"#: expected type: JSONObject, found: {_kind(body)}")
    problems = [f"#: required key [{key}] not found" for key in required if key not in body]
    problems += [f"#: extraneous key [{key}] is not permitted" for key in body if key not in required and key not in optional]
    problems += [f"#/{key}: expected type: {_NAMES[type]}, found: {_kind(body[key])}" for key, type in required.items()
                 if key in body and not isinstance(body[key], type)]  # fmt: skip
    if problems:
        raise malformed("".join(problems))
    return body


_NAMES = {str: "String", int: "Integer", list: "JSONArray", dict: "JSONObject"}


def _kind(value: object) -> str:
    if value is None:
        return "Null"
    return "Boolean" if isinstance(value, bool) else next((name for type, name in _NAMES.items() if isinstance(value, type)), "Number")


def _numbers(text: str, width: int, *, normalize: bool = True) -> list[float]:
    found: list[float] = embedding.embed(text, width, normalize=normalize).round(7).tolist()
    return found


def _read(text: str) -> int:
    if not text:
        raise malformed("expected minLength: 1, actual: 0")
    count = tokens(text)
    if count > MOST_TOKENS:
        raise invalid(f"400 Bad Request: Too many input tokens. Max input tokens: {MOST_TOKENS}, request input token count: {count} ")
    return count


def titan_v1(model: str, body: object) -> Answered:
    """amazon.titan-embed-text-v1: 1,536 numbers."""
    asked = checked(body, {"inputText": str}, ())
    read = _read(asked["inputText"])
    made = {"embedding": _numbers(asked["inputText"], 1536), "inputTextTokenCount": read, "model": embedding.NAME}
    return Answered(body=made, read=read)


def titan_v2(model: str, body: object) -> Answered:
    """amazon.titan-embed-text-v2:0: 256, 512 or 1,024 numbers, normalized or not, as floats or as bits."""
    asked = checked(body, {"inputText": str}, ("dimensions", "normalize", "embeddingTypes"))
    width, normalize, types = asked.get("dimensions", 1024), asked.get("normalize", True), asked.get("embeddingTypes", ["float"])
    if width not in (256, 512, 1024):
        raise malformed(f"#/dimensions: {width} is not a valid enum value")
    if not isinstance(types, list) or not types or not set(types) <= {"float", "binary"}:
        raise malformed("#/embeddingTypes/0: not a valid enum value")
    read = _read(asked["inputText"])
    numbers = _numbers(asked["inputText"], width, normalize=bool(normalize))
    made: Json = {"embedding": numbers} if "float" in types else {}
    forms = {"float": numbers, "binary": [int(number > 0) for number in numbers]}
    made |= {"embeddingsByType": {kind: forms[kind] for kind in types}, "inputTextTokenCount": read, "model": embedding.NAME}
    return Answered(body=made, read=read)


def cohere_embed(model: str, body: object) -> Answered:
    """cohere.embed-*: 1,024 numbers for each of several texts."""
    asked = checked(body, {"texts": list, "input_type": str}, ("truncate", "embedding_types"))
    texts = [str(text) for text in asked["texts"]]
    made = {"embeddings": [_numbers(text, 1024) for text in texts], "id": _id(model, body), "response_type": "embeddings_floats", "texts": texts,
            "model": embedding.NAME}  # fmt: skip
    return Answered(body=made, read=sum(tokens(text) for text in texts))


def titan_text(model: str, body: object) -> Answered:
    """amazon.titan-text-*."""
    asked = checked(body, {"inputText": str}, ("textGenerationConfig",))
    config = asked.get("textGenerationConfig", {})
    found = write(model, asked["inputText"], config.get("maxTokenCount", DEFAULT_TOKENS), config.get("stopSequences", ()))
    read = _read(asked["inputText"])
    result = {"tokenCount": found.tokens, "outputText": found.text, "completionReason": "LENGTH" if found.reason == "length" else "FINISH"}
    return Answered(body={"inputTextTokenCount": read, "results": [result]}, read=read, written=found.tokens)


_CLAUDE = ("temperature", "top_p", "top_k", "stop_sequences", "anthropic_version")


def claude(model: str, body: object) -> Answered:
    """anthropic.claude-*: messages, or a prompt where the model is old enough."""
    if isinstance(body, dict) and "messages" in body:
        return _messages(model, body)
    if not any(name in model for name in ("claude-v2", "claude-instant", "claude-v1")):
        raise invalid(f'"{model.removeprefix("anthropic.").partition("-v1:")[0]}" is not supported on this API. Please use the Messages API instead.')
    asked = checked(body, {"prompt": str, "max_tokens_to_sample": int}, _CLAUDE)
    if not asked["prompt"].lstrip(" ").startswith("\n\nHuman:") and "\n\nHuman:" not in asked["prompt"]:
        raise invalid('Invalid prompt: prompt must start with "\n\nHuman:" turn after an optional system prompt')
    if not asked["prompt"].rstrip().endswith("Assistant:"):
        raise invalid('Invalid prompt: prompt must end with "\n\nAssistant:" turn')
    found = write(model, asked["prompt"], asked["max_tokens_to_sample"], asked.get("stop_sequences", ()))
    made = {"type": "completion", "completion": f" {found.text}", "stop_reason": "max_tokens" if found.reason == "length" else "stop_sequence",
            "stop": _stop(found) or "\n\nHuman:"}  # fmt: skip
    return Answered(body=made, read=tokens(asked["prompt"]), written=found.tokens)


def _messages(model: str, body: Json) -> Answered:
    asked = checked(
        body,
        {"anthropic_version": str, "max_tokens": int, "messages": list},
        (*_CLAUDE, "system", "tools", "tool_choice", "metadata", "anthropic_beta"),
    )
    if asked["anthropic_version"] != "bedrock-2023-05-31":
        raise invalid(f"Invalid API version: {asked['anthropic_version']}")
    if not asked["messages"]:
        raise invalid("messages: at least one message is required")
    prompt = "\n".join(_content(asked.get("system", ""))) + "\n" + "\n".join(_turns(asked["messages"]))
    found = write(model, prompt, asked["max_tokens"], asked.get("stop_sequences", ()))
    reason = {"length": "max_tokens", "end": "end_turn"}.get(found.reason, "stop_sequence")
    made = {
        "id": _id(model, body), "type": "message", "role": "assistant", "model": text_model.NAME, "content": [{"type": "text", "text": found.text}],
        "stop_reason": reason, "stop_sequence": _stop(found), "usage": {"input_tokens": tokens(prompt), "output_tokens": found.tokens},
    }  # fmt: skip
    return Answered(body=made, read=tokens(prompt), written=found.tokens)


def _turns(messages: Sequence[object]) -> list[str]:
    """The texts of the messages; the first is the user's."""
    texts: list[str] = []
    for place, message in enumerate(messages):
        if not isinstance(message, Mapping) or message.get("role") not in ("user", "assistant"):
            raise invalid(f"messages.{place}.role: Input should be 'user' or 'assistant'")
        if "content" not in message:
            raise invalid(f"messages.{place}.content: Field required")
        texts += _content(message["content"])
    if isinstance(messages[0], Mapping) and messages[0]["role"] != "user":
        raise invalid('messages: first message must use the "user" role')
    return texts


def _content(content: object) -> list[str]:
    """The texts of a message, which is one or a list of blocks."""
    if isinstance(content, str):
        return [content]
    blocks = content if isinstance(content, list) else []
    return [str(block["text"]) for block in blocks if isinstance(block, Mapping) and "text" in block]


def llama(model: str, body: object) -> Answered:
    """meta.llama*."""
    asked = checked(body, {"prompt": str}, ("max_gen_len", "temperature", "top_p", "images"))
    found, read = write(model, asked["prompt"], asked.get("max_gen_len", DEFAULT_TOKENS)), tokens(asked["prompt"])
    made = {"generation": found.text, "prompt_token_count": read, "generation_token_count": found.tokens,
            "stop_reason": "length" if found.reason == "length" else "stop"}  # fmt: skip
    return Answered(body=made, read=read, written=found.tokens)


def mistral(model: str, body: object) -> Answered:
    """mistral.*."""
    asked = checked(body, {"prompt": str}, ("max_tokens", "stop", "temperature", "top_p", "top_k"))
    found = write(model, asked["prompt"], asked.get("max_tokens", DEFAULT_TOKENS), asked.get("stop", ()))
    made = {"outputs": [{"text": found.text, "stop_reason": "length" if found.reason == "length" else "stop"}]}
    return Answered(body=made, read=tokens(asked["prompt"]), written=found.tokens)


def _stop(found: Written) -> str | None:
    return None if found.reason in ("end", "length") else found.reason


def _id(model: str, body: object) -> str:
    """The same for the same request."""
    return "msg_" + hashlib.blake2b(json.dumps([model, body]).encode(), digest_size=12).hexdigest()


FAMILIES: Mapping[str, Callable[[str, object], Answered]] = {  # by the beginning of the model's id
    "amazon.titan-embed-text-v1": titan_v1,
    "amazon.titan-embed-g1-text-02": titan_v1,
    "amazon.titan-embed-text-v2": titan_v2,
    "amazon.titan-text-": titan_text,
    "anthropic.claude-": claude,
    "cohere.embed-": cohere_embed,
    "meta.llama": llama,
    "mistral.": mistral,
}

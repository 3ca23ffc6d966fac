"""Writes jinja2.json: what jinja2 makes of constructs of published chat templates, with the settings of transformers.

    pip install jinja2==3.1.6
    python3 make_golden.py

Every line of `constructs.txt` is a template in which \\n, \\t, \\\\ and \\u escapes stand for their characters. Where jinja2 raises, `error` stands in place of `text`.
The environment is that of transformers' `_compile_jinja_template` (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop controls, the filter tojson,
raise_exception, strftime_now at a fixed time, the extension for {% generation %}).
"""
import json
import os
from datetime import datetime

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = datetime(2024, 7, 6, 15, 4, 5, 678)

MESSAGES = [
    {"role": "system", "content": "Be brief.\n"},
    {"role": "user", "content": " Hello é \u2028 \"you\" "},
    {"role": "assistant", "content": None, "tool_calls": [
        {"type": "function", "id": "call00001", "function": {"name": "find", "arguments": {"q": "x<y", "n": 2, "deep": [1.5, True, None]}}}]},
    {"role": "tool", "name": "find", "content": "{\"ok\": true}", "tool_call_id": "call00001"},
    {"role": "user", "content": [{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": "what?"}]},
    {"role": "assistant", "content": "<think>\nhm\n</think>\n\nA cat.", "reasoning_content": "hm"},
]
TOOLS = [{"type": "function", "function": {"name": "find", "description": "Finds.", "parameters": {
    "type": "object", "properties": {"q": {"type": "string", "description": "What"}, "n": {"type": ["integer", "null"], "enum": [1, 2]}}, "required": ["q"]}}},
    {"big": 123456789012345678901234567890, "real": 1e2, "tiny": -1.5e-9, "twice": 2}]


class Generation(Extension):
    """transformers' AssistantTracker without the record of places."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_support"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _support(self, context, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def main():
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: NOW.strftime(form)
    cases = []
    with open(os.path.join(HERE, "constructs.txt"), encoding="ascii") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if not line or line.startswith("##"):
                continue
            template = line.encode("ascii").decode("unicode-escape")
            case = {"template": template}
            try:
                case["text"] = environment.from_string(template).render(
                    messages=MESSAGES, tools=TOOLS, documents=None, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")
            except Exception as e:
                case["error"] = f"{type(e).__name__}: {e}"
            cases.append(case)
    golden = {"jinja2": jinja2.__version__, "messages": MESSAGES, "tools": TOOLS, "cases": cases}
    with open(os.path.join(HERE, "jinja2.json"), "w", encoding="ascii") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")
    print(len(cases), "cases,", sum("error" in c for c in cases), "of them errors")


if __name__ == "__main__":
    main()

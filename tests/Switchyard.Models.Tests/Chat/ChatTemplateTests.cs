using Microsoft.Extensions.AI;
using Switchyard.Models.Chat;
using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Tests.Chat;

/// <summary>Constructs beside what Jinja 3.1.6 made of them, with the settings that chat templates are rendered with: trim_blocks, lstrip_blocks, loop controls.</summary>
public sealed class ChatTemplateTests
{
    private static readonly ChatMessage[] Conversation =
    [
        new(ChatRole.System, "Be brief."),
        new(ChatRole.User, " What is 2+2? "),
        new(ChatRole.Assistant, "4"),
        new(ChatRole.User, "And \"3+3\"?\n"),
    ];

    public static TheoryData<string, string> Constructs => new()
    {
        { "a{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 'x' ~ 1 ~ none ~ true }}", "a7 3 3.5 2 8 x1NoneTrue" },
        { "{% for m in messages %}\n  {{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}\n{% endfor %}\nend\n", "  1/4,\n  2/4,\n  3/4,\n  4/4\nend" },
        { "{% for m in messages if m.role == 'user' %}{{ m['content'] | trim }}|{% else %}none{% endfor %}", "What is 2+2?|And \"3+3\"?|" },
        { "{% for m in [] %}x{% else %}none{% endfor %}", "none" },
        { "{%- for k, v in messages[0].items() -%}\n {{ k }}={{ v }};\n{%- endfor %}", "role=system;content=Be brief.;" },
        { "{% set ns = namespace(n=0, s='') %}{% for m in messages %}{% set ns.n = ns.n + m.content|length %}{% set ns.s = m.role[0] + ns.s %}{% endfor %}{{ ns.n }} {{ ns.s }}", "35 uaus" },
        { "{% set x = 1 %}{% for i in range(3) %}{% set x = x + i %}{{ x }}{% endfor %} {{ x }}", "123 1" },
        { "{{ messages[::-1][0].role }} {{ messages[1:3]|length }} {{ messages[-1]['content'] | tojson }} {{ 'abcdef'[1:-1] }} {{ 'abcdef'[::-2] }} {{ 'abc'[5:] }}", "user 2 \"And \\\"3+3\\\"?\\n\" bcde fdb " },
        { "{{ [1, 'a', 2.5, none, true, {'k': 'é\"'}] | tojson }} {{ {'a': [1,2], 'b': {}} | tojson(indent=2) }}", "[1, \"a\", 2.5, null, true, {\"k\": \"é\\\"\"}] {\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}" },
        { "{{ [1, 'a', 2.5, none, true, {'k': \"it's\"}] }} {{ 1.0 }} {{ 3 == 3.0 }}", "[1, 'a', 2.5, None, True, {'k': \"it's\"}] 1.0 True" },
        { "{% if x is defined %}a{% elif messages is iterable and messages is not string and messages is not mapping %}b{% else %}c{% endif %}{{ x is undefined }}{{ none is none }}{{ 1 is odd }}{{ 4 is divisibleby 2 }}{{ true is true }}{{ 'a' in 'abc' }}{{ 4 not in [1,2] }}", "bTrueTrueTrueTrueTrueTrueTrue" },
        { "{{ x | default('d') }} {{ '' | default('e', true) }} {{ [3,1,2] | sort | join('-') }} {{ ['a','b'] | first }}{{ ['a','b'] | last }} {{ 'a b'|upper }} {{ 'Hello World'|lower|title }}", "d e 1-2-3 ab A B Hello World" },
        { "{{ '  a b  '.strip() }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'a,b,c'.split(',')[-1] }}|{{ 'a  b c'.split() }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'abc'.startswith('ab') }}|{{ 'abc'.replace('b', 'xx') }}|{{ ', '.join(['p','q']) }}", "a b|axx|c|['a', 'b', 'c']|['a', 'b,c']|True|axxc|p, q" },
        { "{% macro greet(name, mark='!') %}Hi {{ name }}{{ mark }}{% endmacro %}{{ greet('Ann') }} {{ greet('Bob', mark='?') }}", "Hi Ann! Hi Bob?" },
        { "{% set body %}\n  text {{ 1 }}\n{% endset %}[{{ body }}]", "[  text 1\n]" },
        { "{# a comment #}\nx{#- trimmed -#}  \n y {{- ' z ' -}}  w", "xy z w" },
        { "  {% if true %}\n    indented\n  {% endif %}\nlast", "    indented\nlast" },
        { "  {%+ if true %}kept{% endif +%}\nnext", "  kept\nnext" },
        { "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %}", "0134" },
        { "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | map('trim') | join('/') }} {{ messages | map(attribute='role') | unique | list }}", "What is 2+2?/And \"3+3\"? ['system', 'user', 'assistant']" },
        { "{{ 'a' if false }}|{{ 'x' if 1 > 2 else 'y' if false else 'z' }}|{{ not 1 == 2 }}|{{ 1 < 2 < 3 }}|{{ (1, 2)[1] }}|{{ 'a' 'b' }}", "|z|True|True|2|ab" },
        { "{{ \"tab\\tnewline\\n\\u00e9\\x41\\\\\" }}{{ '\\'' }}", "tab\tnewline\néA\\'" },
        { "{% for a, b in [[1,2],[3,4]] %}{{ a }}{{ b }}{{ loop.cycle('x','y') }}{{ loop.previtem is defined }}{% endfor %}", "12xFalse34yTrue" },
        { "{{ dict(a=1)['a'] }}{{ dict(a=1).get('b', 5) }}{{ {'a': 1}.keys() | list }}{{ 'abc' | length }}{{ 'abc'|reverse }}{{ 5|string + '!' }}{{ '42'|int + 1 }}", "15['a']3cba5!43" },
        { "{{- bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- set rest = messages[1:] -%}{%- else -%}{%- set rest = messages -%}{%- endif -%}{{ rest | length }}", "<s>3" },
        { "{{ 'line one\nline two'|indent(2) }} {{ 'a\nb'.splitlines() }} {{ 'The Cat'.lower().count('t') }} {{ 'v1.5'.removeprefix('v') }}", "line one\n  line two ['a', 'b'] 2 1.5" },
        { "{{ 1 if messages else 2 }}{{ (-3)|abs }}{{ -3 + 1 }}{{ +2 }}{{ '3.5'|float }}{{ 3.7|int }}{{ 10 // -3 }}", "13-223.53-4" },
        { "{% for i in range(5, 0, -2) %}{{ i }},{% endfor %}{{ range(2, 5) | list }}{{ [1] + [2, 3] }}{{ [] == [] }}{{ {'a': [1]} == {'a': [1.0]} }}", "5,3,1,[2, 3, 4][1, 2, 3]TrueTrue" },
        { "{% if 'system' == messages[0].role and messages|length > 1 or undefinedname %}yes{% endif %}{% if not (1 in [1]) %}no{% endif %}{{ 'x' is in ['x'] }}{{ 3 is eq 3 }}{{ 'a' is sameas 'a' }}", "yesTrueTrueTrue" },
        { "a\n{%- if true %}\n b\n{%- endif %}\nc {%- set q = 1 -%}  d\n\n{% set r = 2 %}\n\ne", "a bcd\n\n\ne" },
        { "{% for message in messages %}{% if loop.first and message.role != 'system' %}x{% endif %}{{ '<' ~ message.role ~ '>' }}{% if not loop.last %}{{ '\n' }}{% endif %}{% endfor %}", "<system>\n<user>\n<assistant>\n<user>" },
        { "{{ 'a,b-c d'|title }} {{ 'a,b-c d'.title() }} {{ none[0] is defined }}{{ true|abs }} {{ [[2, 'b'], [1, 'a']] | sort }}", "A,b-C D A,B-C D False1 [[1, 'a'], [2, 'b']]" },
        { "{{ ['B', 'a', 'b', 'A'] | unique | list }} {{ ['B', 'a'] | sort }} {{ [{'f': {'n': 2}}, {'f': {'n': 1}}] | sort(attribute='f.n') | map(attribute='f.n') | list }}", "['B', 'a'] ['a', 'B'] [1, 2]" },
        { "{{ {'b': 'é😀', 'a': [1]} | tojson(ensure_ascii=true) }} {{ {'b': 1, 'a': [1, 2]} | tojson(separators=(',', ':'), sort_keys=true) }}", "{\"b\": \"\\u00e9\\ud83d\\ude00\", \"a\": [1]} {\"a\":[1,2],\"b\":1}" },
        { "{{ 1000000000000000.0 }} {{ 1234567890123456.0 }} {{ 0.00001 }} {{ '1e400'|float }} {{ ['1e400'|float] | tojson }}", "1000000000000000.0 1234567890123456.0 1e-05 inf [Infinity]" },
        { "{{ '😀ab'.find('b') }} {{ 'ab😀ab'.rfind('b') }} {{ '😀x'[1:] }} {{ '😀x'[0] }} {{ '😁x'.strip('😀') }} {{ '😀'|length }} {{ 'a😀'.count('') }}", "2 4 x 😀 😁x 1 3" },
        { "{{ '\\n'.splitlines() }} {{ 'a\\r\\nb\\rc\\n\\n'.splitlines() }} {{ ''.splitlines() }}", "[''] ['a', 'b', 'c', ''] []" },
        { "{{ '  1  2  3  '.split(none, 1) }} {{ '  '.split() }} {{ ' a b '.split(none, 0) }} {{ 'a b'.split() }}", "['1', '2  3  '] [] ['a b '] ['a', 'b']" },
        { "{{ '3.7'|int }} {{ 9007199254740993|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ ' 12 '|int }} {{ '-1.5'|float }} {{ 'x'|float(default=2) }}", "3 9007199254740993 0 7 12 -1.5 2" },
        { "{{ [{'k': 'a', 'n': 1}, {'k': 'b', 'n': 1}, {'k': 'c', 'n': 0}] | sort(attribute='n', reverse=true) | map(attribute='k') | join }}", "abc" },
        { "{{ messages | selectattr('role', '==', 'user') | list | length }} {{ [1, 5, 3] | select('>', 2) | list }} {{ [1, 2] | reject('lessthan', 2) | list }}", "2 [5, 3] [2]" },
        { "{{ (1, 2)|join }} {% set a = 1, %}{{ a|length }}{% set b, c = 1, 2 %}{{ b + c }} {{ (-9223372036854775807 - 1) is divisibleby(-1) }} {{ 7 is divisibleby 0 if false else 'ok' }}", "12 13 True ok" },
        { "{{ ['a\\x01\\x7f\\\\', \"it's\", 'say \"it\\'s\"'] }} {{ {\"it's\": 'x'} }}", "['a\\x01\\x7f\\\\', \"it's\", 'say \"it\\'s\"'] {\"it's\": 'x'}" },
        { "{{ 'a b'.title() }} {{ 'aXbXc'.split('X', 1)[1] }} {{ 'aaa'.replace('aa', 'b') }} {{ 'aaaa'.count('aa') }} {{ 'x'.startswith(('y', 'x')) }} {{ 'ab'.removesuffix('') }}", "A B bXc ba 2 True ab" },
        { "{{ [0, 1, 2, 3, 4][-3:] }}{{ [0, 1, 2, 3, 4][::2] }}{{ [0, 1, 2, 3, 4][3:0:-2] }}{{ [0, 1][:-9:-1] }}{{ [0, 1][9::-1] }}{{ [][::-1] }}{{ 'ab'[-5] is defined }}{{ [1][5:] }}{{ [0,1,2][1:9223372036854775807:9223372036854775807] }}", "[2, 3, 4][0, 2, 4][3, 1][1, 0][1, 0][]False[][1]" },
        { "{{ none|string }} {{ [none, true]|join(',') }} {{ 'a\\n\\nb'|indent(2, true) }}|{{ 'a\\n\\nb'|indent('> ', first=true, blank=true) }}", "None None,True   a\n\n  b|> a\n> \n> b" },
        { "{% macro m(x) %}{{ x }}{% endmacro %}{% for i in range(2) %}{% set q %}{{ m(i) }}{% endset %}{{ q }}{% endfor %}", "01" },
        { "{{ messages[0].missing }}{{ messages[9] is defined }}{{ messages[0].get('x') is none }}", "FalseTrue" },
    };

    /// <summary>Templates of the kinds that Qwen, Llama and Mistral have.</summary>
    public static TheoryData<string, string> Kinds => new()
    {
        { "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n<|im_start|>user\nAnd \"3+3\"?<|im_end|>\n<|im_start|>assistant\n" },
        { "{{- bos_token }}\n{%- if messages[0]['role'] == 'system' %}\n    {%- set system = messages[0]['content'] | trim %}\n    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system = '' %}\n{%- endif %}\n{{- '<|header|>system<|/header|>\\n\\n' }}\n{%- if tools is not none %}\n    {{- 'Environment: tools\\n' }}\n{%- endif %}\n{{- system ~ '<|eot|>' }}\n{%- for message in messages %}\n    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}\n        {{- '<|header|>' + message['role'] + '<|/header|>\\n\\n' + message['content'] | trim + '<|eot|>' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|header|>assistant<|/header|>\\n\\n' }}\n{%- endif %}\n", "<s><|header|>system<|/header|>\n\nBe brief.<|eot|><|header|>user<|/header|>\n\nWhat is 2+2?<|eot|><|header|>assistant<|/header|>\n\n4<|eot|><|header|>user<|/header|>\n\nAnd \"3+3\"?<|eot|><|header|>assistant<|/header|>\n\n" },
        { "{%- if messages[0].role == \"system\" %}\n    {%- set system_message = messages[0].content %}\n    {%- set loop_messages = messages[1:] %}\n{%- else %}\n    {%- set loop_messages = messages %}\n{%- endif %}\n{{- bos_token }}\n{%- for message in loop_messages %}\n    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}\n        {{- raise_exception('After the optional system message, roles must alternate user/assistant') }}\n    {%- endif %}\n    {%- if message.role == 'user' %}\n        {%- if loop.last and system_message is defined %}\n            {{- '[INST] ' + system_message + '\\n\\n' + message.content + ' [/INST]' }}\n        {%- else %}\n            {{- '[INST] ' + message.content + ' [/INST]' }}\n        {%- endif %}\n    {%- elif message.role == 'assistant' %}\n        {{- ' ' + message.content + eos_token }}\n    {%- else %}\n        {{- raise_exception('Only user and assistant roles are supported') }}\n    {%- endif %}\n{%- endfor %}\n", "<s>[INST]  What is 2+2?  [/INST] 4</s>[INST] Be brief.\n\nAnd \"3+3\"?\n [/INST]" },
    };

    public static TheoryData<string, string> Wrong => new()
    {
        { "a\n{% include 'x' %}", "line 2: the block 'include' is not known" },
        { "{% block x %}{% endblock %}", "the block 'block' is not known" },
        { "{% raw %}{% endraw %}", "the block 'raw' is not known" },
        { "{% call x() %}{% endcall %}", "the block 'call' is not known" },
        { "{{ x | batch(3) }}", "the filter 'batch' is not known" },
        { "{{ x is escaped }}", "the test 'escaped' is not known" },
        { "{{ 'x'.encode() }}", "the method 'encode' of a string is not known" },
        { "{{ messages.append(1) }}", "the method 'append' of a list is not known" },
        { "{% for x in y recursive %}{% endfor %}", "'recursive'" },
        { "{{ f(*x) }}", "arguments with '*'" },
        { "{{ '%s' % 1 }}", "'%' on a string" },
        { "{{ f(1) }}", "the undefined 'f' cannot be called" },
        { "{{ x.y.z }}", "'x' is undefined and has no 'y'" },
        { "{{ 1 + 'a' }}", "'+' does not go with an integer and a string" },
        { "{{ [1, 'a'] | sort }}", "cannot be compared" },
        { "{{ 1 // 0 }}", "divided by zero" },
        { "{{ 9223372036854775807 + 1 }}", "too large" },
        { "{% set x.y = 1 %}", "no namespace" },
        { "{% if x %}", "'if' of line 1 has no 'endif'" },
        { "{% endif %}", "'endif' ends nothing here" },
        { "{% break %}", "outside a loop" },
        { "{{ 'x }}", "a string does not end" },
        { "{{ x", "does not end" },
        { "{# x", "does not end" },
        { "{{ ? }}", "the character '?' is not known" },
        { "{{ }}", "'}}' stands where a value is expected" },
        { "{{ x y }}", "'y' stands where '}}' is expected" },
        { "{{ strftime_now('%Q') }}", "'%Q' of strftime_now is not known" },
        { "{{ raise_exception('roles must alternate') }}", "roles must alternate" },
        { "{{ 'a' | tojson(colour=1) }}", "no argument 'colour'" },
        { "{{ 'a' | upper(1) }}", "'upper' takes 0 arguments" },
        { "{{ 'a'.find('a', 1) }}", "'find' takes 1 argument" },
        { "{{ 'a'.strip(1) }}", "'strip' takes a string" },
        { "{{ 'a'.split(1) }}", "'split' takes a string" },
        { "{{ [1] | select(2) | list }}", "'select' needs a test's name" },
        { "{{ [1] | tojson(separators=',') }}", "two strings as separators" },
        { "{{ 1 is divisibleby 0 }}", "divided by zero" },
        { "{% set n = 1 %}{{ n[1:] }}", "an integer cannot be cut" },
        { "{{ 1e308 }}", "'e308' stands where" },
        { "{{ ('1e308' | float) * 10 }}", "too large" },
        { "{% for x in [1] %}{% set y %}{% break %}{% endset %}{% endfor %}", "outside a loop" },
        { "{{ '\\ud800' }}", "is not one of a character" },
        { "{% macro m() %}\n{{ 1 }}{% endmacro %}\n{{ m() ~ 1 // 0 }}", "line 3" },
    };

    [Theory]
    [MemberData(nameof(Constructs))]
    [MemberData(nameof(Kinds))]
    public void It_renders_as_Jinja_does(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_or_not_known_is_named_with_its_line(string template, string message)
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Render(template));
        Assert.StartsWith("chat template, line ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_conversation_that_the_template_refuses_is_an_error()
    {
        string mistral = Kinds.Last().Data.Item1;
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(mistral).Render([new(ChatRole.Assistant, "Hello")], cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("roles must alternate", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Templates of real models, with what Jinja made of them.</summary>
    [Theory]
    [InlineData("qwen3", "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n What is 2+2? <|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n<|im_start|>user\nAnd \"3+3\"?\n<|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("deepseek_v3", "<s>Be brief.<｜User｜> What is 2+2? <｜Assistant｜>4<｜end▁of▁sentence｜><｜User｜>And \"3+3\"?\n<｜Assistant｜>")]
    public void Templates_of_real_models_render_as_with_Jinja(string model, string expected)
    {
        string? folder = Golden.Folder($"tokenizers/{model}");
        Assert.SkipWhen(folder is null, "no reference tokenizers found");
        using TextTokenizer tokenizer = TextTokenizer.Load(folder);
        Assert.Equal(expected, Render(tokenizer.ChatTemplate!));
    }

    [Fact]
    public void Variables_and_the_clock_reach_the_template()
    {
        ChatTemplateOptions options = new()
        {
            Variables = new Dictionary<string, object?> { ["enable_thinking"] = false, ["names"] = new List<object?> { "a", 2L } },
            Clock = new Fixed(new DateTimeOffset(2024, 7, 26, 13, 5, 0, TimeSpan.Zero)),
            AddGenerationPrompt = false,
        };

        string text = ChatTemplate.Parse("{{ strftime_now('%d %b %Y %H:%M') }} {{ enable_thinking is false }} {{ names | join }} {{ add_generation_prompt }}").Render([], options, TestContext.Current.CancellationToken);

        Assert.Equal("26 Jul 2024 13:05 True a2 False", text);
    }

    [Fact]
    public void Variables_of_types_that_templates_do_not_know_are_refused_by_name()
    {
        ChatTemplate template = ChatTemplate.Parse("{{ n + 1 }} {{ x }} {{ map.names[1] }}");
        ChatTemplateOptions known = new() { Variables = new Dictionary<string, object?> { ["n"] = 1, ["x"] = 0.5f, ["map"] = new Dictionary<string, object?> { ["names"] = new[] { "a", "b" } } } };
        ChatTemplateOptions unknown = new() { Variables = new Dictionary<string, object?> { ["today"] = DateTime.UnixEpoch } };

        Assert.Equal("2 0.5 b", template.Render([], known, TestContext.Current.CancellationToken));
        Assert.Contains("'today' of the chat template holds DateTime", Assert.Throws<ArgumentException>(() => template.Render([], unknown, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_pieces_of_templates_give_a_text_or_an_error_of_the_template()
    {
        string[] pieces = ["{{", "}}", "{%", "%}", "{#", "#}", "-", " x ", "if", " for ", " in ", "endif", "endfor", "messages", "[", "]", "(", ")", "'a'", "|trim", ".", "1", "+", " is ", "none", "\n", "set ", "=", ",", ":", "~", "{", "}", "\\", "\"", "loop.index", "else", " not "];
        Random random = new(7);
        for (int i = 0; i < 20_000; i++)
        {
            string template = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => pieces[random.Next(pieces.Length)]));
            try
            {
                Render(template);
            }
            catch (ChatTemplateException)
            {
                // Refused with a reason; anything else fails the test.
            }
        }
    }

    [Fact]
    public void Pictures_are_refused_and_rendering_can_be_stopped()
    {
        ChatMessage picture = new(ChatRole.User, [new DataContent("data:image/png;base64,AAAA")]);
        Assert.Contains("DataContent", Assert.Throws<NotSupportedException>(() => ChatTemplate.Parse("x").Render([picture], cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => ChatTemplate.Parse("{{ 1 }}").Render([], cancellation: new CancellationToken(canceled: true)));
    }

    private static string Render(string template) =>
        ChatTemplate.Parse(template).Render(Conversation, new ChatTemplateOptions { BeginToken = "<s>", EndToken = "</s>" }, TestContext.Current.CancellationToken);

    private sealed class Fixed(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}

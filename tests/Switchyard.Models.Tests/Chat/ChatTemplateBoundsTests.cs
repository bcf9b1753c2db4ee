using System.Diagnostics;
using Microsoft.Extensions.AI;
using Switchyard.Models.Chat;

namespace Switchyard.Models.Tests.Chat;

/// <summary>Templates that would not end, or fill the memory or the stack.</summary>
public sealed class ChatTemplateBoundsTests
{
    /// <summary>Sets a text that is nearly as long as one may be.</summary>
    private const string Long = "{% set s = 'x' * 16000000 %}";

    public static TheoryData<string, string> Unbounded => new()
    {
        { "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}", "steps" },
        { "{{ 'x' * 1000000000 }}", "without bounds" },
        { "{{ range(1000000000) }}", "without bounds" },
        { "{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "without bounds" },
        { "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = ns.l + ns.l %}{% endfor %}", "without bounds" },
        { "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l }}{{ ns.l }}", "" },
        { "{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l == [ns.l] }}", "" },
        { "{% for a in range(2000) %}{{ 'xxxxxxxxxx' * 100000 }}{% endfor %}", "without bounds" },
        { "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deep" },
        { "{{ " + new string('(', 5000) + "1" + new string(')', 5000) + " }}", "nested" },
        { "{{ " + new string('-', 5000) + "1 }}", "nested" },
        { "{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 200000)) + " }}", "" },
        { "{{ x" + string.Concat(Enumerable.Repeat(".a", 200000)) + " }}", "" },
        { "{{ ''" + string.Concat(Enumerable.Repeat("|trim", 200000)) + " }}", "" },
        { string.Concat(Enumerable.Repeat("{% if true %}", 5000)), "nested" },
        { Long + "{% for i in range(1000000) %}{% set n = s|length %}{% endfor %}", "without bounds" },
        { Long + "{% set t = s ~ 'y' %}{% set u = s ~ 'z' %}{% for i in range(1000000) %}{% set n = t == u %}{% endfor %}", "without bounds" },
        { Long + "{% set t = 'x' * 500000 ~ 'y' ~ 'x' * 500000 %}{% set n = t in s %}{% set n = t in s %}", "without bounds" },
        { Long + "{% for i in range(1000000) %}{% set n = {'a': 1}[s] %}{% endfor %}", "without bounds" },
        { Long + "{% for i in range(1000000) %}{% set n = strftime_now(s) %}{% endfor %}", "without bounds" },
        { Long + "{% set n = s|list %}", "without bounds" },
        { Long + "{% set n = s.split('x') %}", "without bounds" },
        { Long + "{{ [" + string.Concat(Enumerable.Repeat("s, ", 1000)) + "] }}", "without bounds" },
        { Long + "{{ [" + string.Concat(Enumerable.Repeat("s, ", 1000)) + "] | tojson }}", "without bounds" },
        { Long + "{% set l = [" + string.Concat(Enumerable.Repeat("s, ", 1000)) + "] %}{{ l | map('upper') | join }}", "without bounds" },
        { Long + "{{ s.replace('x', s) }}", "without bounds" },
        { Long + "{{ [" + string.Concat(Enumerable.Repeat("0, ", 1000)) + "] | join(s) }}", "without bounds" },
        { "{% for a in range(1000000) %}{% set n = [" + string.Concat(Enumerable.Repeat("1, ", 100_000)) + "] %}{% endfor %}", "without bounds" },
        { "{% for a in range(1000000) %}{% if 0 %}" + string.Concat(Enumerable.Repeat("{% elif 0 %}", 50_000)) + "{% endif %}{% endfor %}", "without bounds" },
        { "{% for a in range(100) %}{% set n = range(1000000) %}{% endfor %}", "without bounds" },
        { "{% set ns = namespace(l=[1]) %}{% for i in range(45) %}{% set ns.l = [ns.l] %}{% endfor %}{% for i in range(1000000) %}{{ ns.l | tojson(indent=100) }}{% endfor %}", "without bounds" },
        { "{{ f(" + string.Concat(Enumerable.Repeat("1, ", 300)) + ") }}", "more than 255 arguments" },
        { "{% macro f(" + string.Join(", ", Enumerable.Range(0, 300).Select(i => $"a{i}")) + ") %}{% endmacro %}", "more than 255 arguments" },
    };

    [Theory]
    [MemberData(nameof(Unbounded))]
    public void A_template_without_bounds_is_stopped_soon(string template, string message)
    {
        long before = GC.GetTotalAllocatedBytes();
        Stopwatch watch = Stopwatch.StartNew();

        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render([], cancellation: TestContext.Current.CancellationToken));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"{watch.Elapsed}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{watch.Elapsed.TotalSeconds:F2} s, {(GC.GetTotalAllocatedBytes() - before) >> 20} MiB");
    }

    [Fact]
    public void Strings_side_by_side_and_long_conversations_are_read_in_linear_time()
    {
        string literals = "{{ '" + new string('x', 400_000) + "'" + string.Concat(Enumerable.Repeat(" 'y'", 150_000)) + " }}";
        ChatMessage[] conversation = [.. Enumerable.Range(0, 2000).Select(i => new ChatMessage(i % 2 == 0 ? ChatRole.User : ChatRole.Assistant, string.Concat(Enumerable.Repeat($"word {i} ", 100))))];
        const string Template = "{% for m in messages %}{% if '</think>' in m.content %}no{% endif %}{{ '<' + m.role + '>' + m.content.split() | join(' ') + messages[loop.index0 - 1].role + '\n' }}{% endfor %}";

        Assert.Equal(550_000, ChatTemplate.Parse(literals).Render([], cancellation: TestContext.Current.CancellationToken).Length);
        Assert.Equal(2000, ChatTemplate.Parse(Template).Render(conversation, cancellation: TestContext.Current.CancellationToken).Count(c => c == '\n'));
    }

    [Fact]
    public void A_template_that_is_too_long_is_refused() =>
        Assert.Contains("characters", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(new string('x', 2_000_000))).Message, StringComparison.Ordinal);
}

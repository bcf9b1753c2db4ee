using Switchyard.Training.Reporting;

namespace Switchyard.Training.Tests.Reporting;

public sealed class MarkupTests
{
    [Fact]
    public void Holes_are_escaped_and_markup_is_not()
    {
        Markup inner = Markup.Of($"<b>{"<i>"}</b>");
        Assert.Equal("<p title=\"&quot;x&quot;\"><b>&lt;i&gt;</b> 1.5</p>", Markup.Of($"<p title=\"{"\"x\""}\">{inner} {1.5}</p>").Html);
        Assert.Equal("<i> & more", Markup.Of($"<em>{"<i>"}</em> &amp; more").ToPlainText());
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "a")]
    [InlineData(2, "a and b")]
    [InlineData(3, "a, b and c")]
    [InlineData(5, "a, b, c and 2 more")]
    public void Lists_read_as_sentences(int count, string text) =>
        Assert.Equal(text, Markup.List([.. "abcde".Take(count).Select(c => Markup.Of($"{c.ToString()}"))], most: 3).ToPlainText());
}

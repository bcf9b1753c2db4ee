using System.Net;
using System.Text.RegularExpressions;

namespace Switchyard.Training.Reporting;

/// <summary>A piece of HTML. It is made from interpolated strings alone: the literal parts are HTML, and what stands in a hole is escaped unless it is markup itself, so that no name out of the data can become a tag.</summary>
internal readonly partial record struct Markup(string Html)
{
    public static readonly Markup Empty = new(string.Empty);

    public static Markup Of(MarkupHandler markup) => new(markup.ToString());

    /// <summary>A name out of the data, set as code.</summary>
    public static Markup Code(string name) => Of($"<code>{name}</code>");

    /// <summary>"a", "a and b", "a, b and c"; beyond <paramref name="most"/> items "a, b and 3 more".</summary>
    public static Markup List(IReadOnlyList<Markup> items, int most = 12)
    {
        if (items.Count > most)
        {
            return Of($"{Join(items.Take(most), ", ")} and {items.Count - most} more");
        }

        return items.Count switch
        {
            0 => Empty,
            1 => items[0],
            _ => Of($"{Join(items.Take(items.Count - 1), ", ")} and {items[^1]}"),
        };
    }

    public static Markup Join(IEnumerable<Markup> items, string separator = "") =>
        new(string.Join(WebUtility.HtmlEncode(separator), items.Select(m => m.Html)));

    /// <summary>The text a reader sees, without tags.</summary>
    public string ToPlainText() => WebUtility.HtmlDecode(Tag().Replace(Html, string.Empty));

    public override string ToString() => Html;

    [GeneratedRegex("<[^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tag();
}

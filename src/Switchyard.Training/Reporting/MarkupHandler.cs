using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Switchyard.Training.Reporting;

/// <summary>Interpolated strings as HTML: see <see cref="Markup"/>.</summary>
[InterpolatedStringHandler]
internal readonly ref struct MarkupHandler
{
    private readonly StringBuilder _html;

    public MarkupHandler(int literalLength, int formattedCount) => _html = new StringBuilder(literalLength + (formattedCount * 16));

    public void AppendLiteral(string html) => _html.Append(html);

    public void AppendFormatted(Markup markup) => _html.Append(markup.Html);

    public void AppendFormatted(IEnumerable<Markup> markup)
    {
        foreach (Markup piece in markup)
        {
            _html.Append(piece.Html);
        }
    }

    public void AppendFormatted(string? text) => _html.Append(WebUtility.HtmlEncode(text));

    public void AppendFormatted<T>(T value)
        where T : IFormattable => _html.Append(WebUtility.HtmlEncode(value.ToString(null, CultureInfo.InvariantCulture)));

    public override string ToString() => _html.ToString();
}

using System.Text;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>A characterisation as plain text for a terminal: one line a router, as many columns as fit, the best of a column marked with a star.</summary>
public static class CharacterizeTable
{
    /// <summary>Renders the table and what it is of, ending in a line feed.</summary>
    /// <param name="result">The characterisation.</param>
    /// <param name="width">Characters of a line.</param>
    public static string Render(CharacterizeResult result, int width)
    {
        CharacterizedRows rows = new(result);
        StringBuilder text = new(CompareTable.Render(rows.Compared, CharacterizeColumns.Of(rows), width));
        string what = result.Masked ? "masked tokens" : "tokens";
        text.Append(TextTable.Wrap(FormattableString.Invariant($"{TextTable.Printable(result.Judged.Name)}, {result.Targets:N0} {what} judged; {result.Config.Reroute.Training.Steps} steps of {CharacterizedRows.BatchTokens(result):N0} tokens a row; latency of one layer's router and selector."), string.Empty, width));
        if (result.DenseLoss is { } dense)
        {
            text.Append(FormattableString.Invariant($"Dense, before it was given experts: loss {dense:0.0000}.\n"));
        }

        foreach (LeftOutRouter router in result.LeftOut)
        {
            text.Append(TextTable.Wrap($"Left out: {TextTable.Printable(router.Name)}: {router.Reason}.", string.Empty, width));
        }

        return text.ToString();
    }
}

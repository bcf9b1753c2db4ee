namespace Switchyard;

/// <summary>Finds what a misspelt name was meant to be.</summary>
public static class NearestName
{
    /// <summary>The candidate with the smallest edit distance (Levenshtein, ignoring case) to <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentException">There is no candidate.</exception>
    public static string Of(string name, IEnumerable<string> candidates) =>
        candidates.MinBy(c => EditDistance(name.ToLowerInvariant(), c.ToLowerInvariant()))
        ?? throw new ArgumentException("no candidates", nameof(candidates));

    private static int EditDistance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}

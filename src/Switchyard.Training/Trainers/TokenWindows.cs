using System.Text;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Trainers;

/// <summary>Cuts running text into overlapping windows of bytes.</summary>
internal static class TokenWindows
{
    /// <summary>Windows of up to context + 1 tokens, and how many of each window's last tokens no window before it has judged.</summary>
    public static IEnumerable<(long[] Window, int Fresh)> Of(ICorpus corpus, int context, int stride)
    {
        List<long> buffer = [];
        int judged = 0;
        foreach (Document document in corpus.Read())
        {
            foreach (byte b in Encoding.UTF8.GetBytes(document.Text))
            {
                buffer.Add(b);
                if (buffer.Count == context + 1)
                {
                    yield return ([.. buffer], context - judged);
                    buffer.RemoveRange(0, stride);
                    judged = context - stride;
                }
            }
        }

        int fresh = buffer.Count - 1 - judged;
        if (fresh > 0)
        {
            yield return ([.. buffer], fresh);
        }
    }
}

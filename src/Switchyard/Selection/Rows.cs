namespace Switchyard.Selection;

/// <summary>Splits rows among threads in blocks of fixed size, so that results do not depend on how many threads there are.</summary>
internal static class Rows
{
    /// <summary>Calls <paramref name="body"/>(first row, rows) for consecutive blocks.</summary>
    public static void ForEachBlock(int rows, int block, int threads, Action<int, int> body)
    {
        int blocks = (rows + block - 1) / block;
        if (threads <= 1 || blocks <= 1)
        {
            if (rows > 0)
            {
                body(0, rows);
            }

            return;
        }

        Parallel.For(0, blocks, new ParallelOptions { MaxDegreeOfParallelism = threads }, b => body(b * block, Math.Min(block, rows - (b * block))));
    }
}

namespace Switchyard.Kernels.Teams;

/// <summary>Rows of a matrix cut into blocks whose bounds depend on the sizes alone, so that a sum by block is the same on any number of threads.</summary>
internal static class RowBlocks
{
    /// <summary>Values of a block: 64 KiB, enough to make handing it out cheap, little enough for the second cache.</summary>
    private const int Values = 16 * 1024;

    /// <summary>Works on rows from … to, block number <paramref name="block"/>.</summary>
    public delegate void Work(int from, int to, int block);

    /// <summary>Number of blocks of rows of a width.</summary>
    public static int Count(int rows, int width) => (rows + Height(width) - 1) / Height(width);

    /// <summary>Runs all blocks on the engine's threads.</summary>
    public static void Run(KernelEngine engine, int rows, int width, Work work)
    {
        int height = Height(width), blocks = Count(rows, width), next = 0;
        if (blocks == 1)
        {
            work(0, rows, 0);
            return;
        }
        engine.Team.Share(_ =>
        {
            for (int block = Interlocked.Increment(ref next) - 1; block < blocks; block = Interlocked.Increment(ref next) - 1)
                work(block * height, (int)Math.Min(rows, (block + 1L) * height), block);
        });
    }

    private static int Height(int width) => Math.Max(1, Values / width);
}

using Switchyard.Experts;
using Switchyard.Experts.Caching;
using Switchyard.Kernels.Storage;

namespace Switchyard.Tests.Experts.Caching;

/// <summary>Experts of fp32 numbers that are a function of layer, expert and place, made anew at each reading.</summary>
internal sealed unsafe class MadeExperts(ExpertOptions sizes, int layer = 0) : IExpertSource
{
    private int _reads;

    public int Experts => sizes.Experts;

    /// <summary>Experts that were read so far.</summary>
    public int Reads => _reads;

    /// <summary>Experts whose reading fails.</summary>
    public HashSet<int> Broken { get; } = [];

    private int First => 2 * sizes.InnerSize * sizes.HiddenSize;

    private int Second => sizes.InnerSize * sizes.HiddenSize;

    public long BytesOf(int expert) => (First + Second) * sizeof(float);

    public LoadedExpert Read(int expert, nint memory)
    {
        Interlocked.Increment(ref _reads);
        if (Broken.Contains(expert))
        {
            throw new IOException($"expert {expert} is broken");
        }

        Random random = new((layer * 1000) + expert);
        var values = (float*)memory;
        for (int i = 0; i < First + Second; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        return new LoadedExpert(
            new Float32Matrix(values, 2 * sizes.InnerSize, sizes.HiddenSize),
            new Float32Matrix(values + First, sizes.HiddenSize, sizes.InnerSize),
            BytesOf(expert));
    }
}

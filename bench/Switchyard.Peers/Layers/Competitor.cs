namespace Switchyard.Peers.Layers;

/// <summary>One way of running the layer: fp32 tokens in, fp32 outputs out, router, softmax and top-k within. The constructor converts and packs the weights, which is not timed.</summary>
/// <param name="name">Its name, such as <c>ort int8 b32</c>.</param>
/// <param name="kind">Type of the weights.</param>
/// <param name="tolerance">Largest ‖difference‖ ÷ ‖reference‖ that rounding explains.</param>
internal abstract class Competitor(string name, WeightKind kind, double tolerance) : IDisposable
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Type of the weights.</summary>
    public WeightKind Kind { get; } = kind;

    /// <summary>Largest relative error that rounding explains.</summary>
    public double Tolerance { get; } = tolerance;

    /// <summary>Whether it is Switchyard.</summary>
    public virtual bool IsOurs => false;

    /// <summary>Makes ready for batches of T tokens; not timed.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="inputs">Batches [T, d].</param>
    public abstract void Prepare(int tokens, float[][] inputs);

    /// <summary>Runs one of the batches; this is timed.</summary>
    /// <param name="input">Index of the batch.</param>
    public abstract void Run(int input);

    /// <summary>Copies the output of the last run.</summary>
    /// <param name="output">[T, d].</param>
    public abstract void CopyOutput(Span<float> output);

    /// <inheritdoc/>
    public abstract void Dispose();
}

using System.Numerics;
using Switchyard.Kernels.Teams;

namespace Switchyard.Kernels.Positions;

/// <summary>
/// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) of heads x [T, H, D] in the half-split layout: element i turns with
/// element i + D/2 by the angle of position t mod N. In fp32 on the caller's memory; the gradient is the rotation back.
/// </summary>
public sealed unsafe class RotaryRotation
{
    /// <summary>Tokens T: whole sequences of N.</summary>
    public required int Tokens { get; init; }

    /// <summary>Heads H.</summary>
    public required int Heads { get; init; }

    /// <summary>Size of a head D, even.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Tokens of a sequence, N.</summary>
    public required int Positions { get; init; }

    /// <summary>Cosines of the angles; row p, of D values of which the first D/2 are read, belongs to position p.</summary>
    public required float* Cosines { get; init; }

    /// <summary>Sines of the angles, as <see cref="Cosines"/>.</summary>
    public required float* Sines { get; init; }

    /// <summary>Turns x into y, or back.</summary>
    /// <param name="engine">The threads.</param>
    /// <param name="x">[T, H, D].</param>
    /// <param name="y">[T, H, D]; may be x.</param>
    /// <param name="back">Whether to turn by the negative angle.</param>
    public void Run(KernelEngine engine, float* x, float* y, bool back = false)
    {
        if (Tokens < 0 || Heads <= 0 || HeadSize <= 0 || HeadSize % 2 != 0 || Positions <= 0)
            throw new InvalidOperationException($"Sizes are T = {Tokens}, H = {Heads}, D = {HeadSize}, N = {Positions}; expected all positive and D even.");
        float direction = back ? -1 : 1;
        lock (engine.Gate)
        {
            RowBlocks.Run(engine, Tokens, Heads * HeadSize, (from, to, _) =>
            {
                for (int token = from; token < to; token++)
                {
                    nint angles = (nint)(token % Positions) * HeadSize;
                    for (int head = 0; head < Heads; head++)
                    {
                        nint at = (((nint)token * Heads) + head) * HeadSize;
                        Turn(x + at, y + at, Cosines + angles, Sines + angles, direction);
                    }
                }
            });
        }
    }

    private void Turn(float* x, float* y, float* cosine, float* sine, float direction)
    {
        int half = HeadSize / 2, i = 0;
        for (; i <= half - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> c = Vector.Load(cosine + i), s = Vector.Load(sine + i) * new Vector<float>(direction);
            Vector<float> low = Vector.Load(x + i), high = Vector.Load(x + half + i);
            Vector.Store((low * c) - (high * s), y + i);
            Vector.Store((high * c) + (low * s), y + half + i);
        }
        for (; i < half; i++)
        {
            float c = cosine[i], s = sine[i] * direction, low = x[i], high = x[half + i];
            y[i] = (low * c) - (high * s);
            y[half + i] = (high * c) + (low * s);
        }
    }
}

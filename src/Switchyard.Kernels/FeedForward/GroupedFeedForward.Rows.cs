using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Switchyard.Kernels.Panels;

namespace Switchyard.Kernels.FeedForward;

/// <summary>Between token rows and panels.</summary>
public sealed unsafe partial class GroupedFeedForward
{
    /// <summary>Gathers the tokens of one panel of a group, values from … to, into its lanes; lanes without a row are zero.</summary>
    private void PackTokens(float* source, int width, int group, int panel, int from, int to, float* target)
    {
        float** rows = stackalloc float*[Panel.Lanes];
        int count = RowsOf(group, panel);
        long* tokens = RowToken + Offsets[group] + (panel * Panel.Lanes);
        for (int lane = 0; lane < count; lane++)
            rows[lane] = source + ((nint)tokens[lane] * width) + from;
        Panel.FromRows(rows, count, Panel.Rounded(LanesOf(group, panel)), to - from, target);
    }

    /// <summary>Gathers values from … from + width of the tokens of some rows of a group, side by side, [count, pitch]; lines past the last row are zero.</summary>
    private void GatherTokens(float* source, int group, int firstRow, int count, int from, int width, float* target, int pitch)
    {
        float** rows = stackalloc float*[Panel.Lanes];
        long* tokens = RowToken + Offsets[group] + firstRow;
        int held = Math.Clamp(CountOf(group) - firstRow, 0, count);
        new Span<float>(target + ((nint)held * pitch), (count - held) * pitch).Clear();
        for (int at = 0; at < held; at += Panel.Lanes)
        {
            int take = Math.Min(Panel.Lanes, held - at);
            for (int i = 0; i < take; i++)
                rows[i] = source + ((nint)tokens[at + i] * Width) + from;
            Panel.Gather(rows, take, width, target + ((nint)at * pitch), pitch);
        }
    }

    /// <summary>Adds finished lines of a panel to the rows of its tokens: <c>target[t] += w · (block[·, lane] + bias)</c>.</summary>
    /// <param name="block">[rows, 32].</param>
    /// <param name="rows">Features, ≤ 48.</param>
    /// <param name="group">Group.</param>
    /// <param name="panel">Panel within the group.</param>
    /// <param name="weighted">Whether the weight of the row counts.</param>
    /// <param name="bias">[rows] or null.</param>
    /// <param name="turned">Room for [32, 48].</param>
    /// <param name="target">The first of these features in the first token.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scatter(float* block, int rows, int group, int panel, bool weighted, float* bias, float* turned, float* target)
    {
        int count = RowsOf(group, panel);
        int firstRow = Offsets[group] + (panel * Panel.Lanes);
        Panel.ToRows(block, rows, count, turned, Panel.ColumnRows);
        for (int lane = 0; lane < count; lane++)
        {
            float weight = weighted ? WeightOf(firstRow + lane) : 1;
            AddScaled(turned + (lane * Panel.ColumnRows), bias, weight, rows, target + ((nint)RowToken[firstRow + lane] * Width));
        }
    }

    private static void AddScaled(float* source, float* bias, float weight, int count, float* target)
    {
        int i = 0;
        Vector256<float> w = Vector256.Create(weight);
        for (; i + 8 <= count; i += 8)
        {
            Vector256<float> value = Vector256.Load(source + i);
            if (bias != null)
                value += Vector256.Load(bias + i);
            Vector256.MultiplyAddEstimate(w, value, Vector256.Load(target + i)).Store(target + i);
        }
        for (; i < count; i++)
            target[i] = float.MultiplyAddEstimate(weight, bias != null ? source[i] + bias[i] : source[i], target[i]);
    }

    private void AddFirstBias(int group, int feature, int count, bool gated, float* c0, float* c1, int lanes)
    {
        if (FirstBias == null)
            return;
        float* bias = FirstBias + ((nint)group * FirstRows) + feature;
        int rounded = Panel.Rounded(lanes);
        for (int row = 0; row < count; row++)
        {
            for (int lane = 0; lane < rounded; lane++)
                c0[(row * Panel.Lanes) + lane] += bias[row];
            if (!gated)
                continue;
            for (int lane = 0; lane < rounded; lane++)
                c1[(row * Panel.Lanes) + lane] += bias[Inner + row];
        }
    }

    private void ClearColumns(float* target, int from, int to)
    {
        for (int t = 0; t < Tokens; t++)
            new Span<float>(target + ((nint)t * Width) + from, to - from).Clear();
    }
}

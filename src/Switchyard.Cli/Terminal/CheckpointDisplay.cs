using System.Globalization;
using System.Text;
using Switchyard.Models.Architectures;
using Switchyard.Models.Checkpoints;

namespace Switchyard.Cli.Terminal;

/// <summary>A checkpoint's description as lines of text.</summary>
internal static class CheckpointDisplay
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string Render(CheckpointDescription checkpoint)
    {
        StringBuilder text = new();
        Line("architecture", checkpoint.BaseArchitecture is { } other ? $"{checkpoint.Architecture}: {other} with {(ModelArchitectures.All.Get(other).IsDense ? "MoE layers" : "other routers")}, which transformers cannot load" : checkpoint.Architecture);
        Line("runs", checkpoint.CannotRun is null ? "yes" : $"no: {checkpoint.CannotRun}");
        Line("parameters", checkpoint.ActiveParameters is { } active ? $"{Count(checkpoint.Parameters)}, of which a token uses {Count(active)}" : Count(checkpoint.Parameters));
        Line("weights", $"{checkpoint.Tensors:N0} tensors in {checkpoint.Files} {(checkpoint.Files == 1 ? "file" : "files")}, {Bytes(checkpoint.Bytes)}: {string.Join(", ", checkpoint.BytesByType.Select(t => $"{t.Key} {Bytes(t.Value)}"))}");
        if (checkpoint.Quantization is { } quantization)
        {
            string grid = quantization.BlockSize.Count > 0 ? $"blocks of {string.Join('×', quantization.BlockSize)}" : quantization.GroupSize is { } size ? size < 0 ? "one group a column" : $"groups of {size}" : "unknown groups";
            Line("quantization", $"{quantization.Method}, {quantization.Bits} bits, {grid}{(quantization.ActivationOrder ? ", in activation order" : string.Empty)}");
        }

        if (checkpoint.Moe is { } moe)
        {
            Line("MoE", $"{moe.MoeLayers.Count} of {moe.MoeLayers.Count + moe.DenseLayers.Count} layers, {moe.Experts} experts, {moe.TopK} a token, inner size {moe.InnerSize}{(moe.SharedInnerSize > 0 ? $", shared expert {moe.SharedInnerSize}" : string.Empty)}; {moe.Routing}");
            if (moe.DenseLayers.Count > 0)
            {
                Line("dense layers", string.Join(", ", moe.DenseLayers));
            }
        }
        else if (checkpoint.HiddenSize is not null)
        {
            Line("MoE", "no MoE layers");
        }

        string cache = checkpoint.CacheBytesPerToken is { } bytes ? $"; keys and values {Bytes(bytes)} a token, {Bytes(bytes * checkpoint.LongestSequence!.Value)} for the longest sequence of {checkpoint.LongestSequence:N0}" : string.Empty;
        Line("memory to run", $"{Bytes(checkpoint.LoadedBytes)} of norms, routers and what else is copied, and of {Bytes(checkpoint.MappedBytes)} of matrices in the files what is used{cache}");
        foreach ((string reason, int count) in checkpoint.LeftOut)
        {
            Line("left out", $"{count} tensors: {reason}");
        }

        text.AppendLine();
        int width = checkpoint.Groups.Max(g => (int?)g.Name.Length) ?? 0;
        foreach (TensorGroup group in checkpoint.Groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"{group.Name.PadRight(width)}  {group.Type,-8} [{string.Join(", ", group.Shape)}]");
            text.AppendLine(group.Count == 1 ? string.Empty : $" × {group.Count}");
        }

        return text.ToString().TrimEnd();

        void Line(string what, string value) => text.Append(CultureInfo.InvariantCulture, $"{what,-14} {value}").AppendLine();
    }

    private static string Count(long count) => count switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:0.00} G"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.00} M"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{count:N0}"),
    };

    private static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {Units[unit]}");
    }
}

using Microsoft.Extensions.Logging;

namespace Switchyard.Models.Checkpoints;

/// <summary>What is logged when a model is loaded.</summary>
internal static partial class LoadLog
{
    [LoggerMessage(1, LogLevel.Information, "loaded {Architecture} from '{Folder}': {Layers} layers, {MoeLayers} of them MoE, {Parameters} parameters of which a token uses {Active}")]
    public static partial void Loaded(ILogger logger, string architecture, string folder, int layers, int moeLayers, long parameters, long active);

    [LoggerMessage(2, LogLevel.Warning, "{Count} tensors of '{Folder}' are left out: {Reason}")]
    public static partial void LeftOut(ILogger logger, int count, string folder, string reason);

    [LoggerMessage(3, LogLevel.Information, "experts are read through a cache of {Bytes} bytes, {Slots} at once")]
    public static partial void Cached(ILogger logger, long bytes, int slots);
}

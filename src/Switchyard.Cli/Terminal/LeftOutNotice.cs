using Switchyard.Models;

namespace Switchyard.Cli.Terminal;

/// <summary>Says on standard error which tensors of a checkpoint do not belong to the model that was read.</summary>
internal static class LeftOutNotice
{
    public static void Write(MoeTransformer model, bool quiet)
    {
        foreach ((string reason, int count) in quiet || model.Source is null ? new Dictionary<string, int>(StringComparer.Ordinal) : model.Source.LeftOut)
        {
            Console.Error.WriteLine($"{count} tensors are left out: {reason}");
        }
    }
}

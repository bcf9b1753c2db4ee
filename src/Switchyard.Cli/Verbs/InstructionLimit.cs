using System.CommandLine;
using Switchyard.Cli.CommandLine;

namespace Switchyard.Cli.Verbs;

/// <summary><c>--isa</c> of the verbs of <c>bench</c>: the widest instructions that the kernels may use, which the environment says as <c>SWITCHYARD_ISA</c>.</summary>
internal sealed class InstructionLimit
{
    private readonly Option<string> _isa = CommonOptions.OneOf("--isa", "widest instructions of our kernels; all that the processor has unless said otherwise", string.Empty, "avx512", "avx2", "portable");

    public void AddTo(Command command) => command.Options.Add(_isa);

    /// <summary>Sets the limit, before a kernel is made.</summary>
    public void Set(ParseResult parse)
    {
        if (parse.GetValue(_isa) is { Length: > 0 } isa)
        {
            Environment.SetEnvironmentVariable("SWITCHYARD_ISA", isa);
        }
    }
}

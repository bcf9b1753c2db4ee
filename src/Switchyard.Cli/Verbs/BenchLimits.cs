using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Kernels;
using Switchyard.Kernels.Assembly;
using Switchyard.Kernels.Limits;
using Switchyard.Training.Benchmarks;

namespace Switchyard.Cli.Verbs;

/// <summary><c>bench roofline</c> and <c>bench product</c>: the machine's limits, and the dense product against them.</summary>
internal static class BenchLimits
{
    public static Command Roofline()
    {
        CommonOptions common = new();
        InstructionLimit instructions = new();
        Command command = Verb.Make("roofline", "The limits of this machine: peaks of fp32, bf16 and int8 arithmetic, and read bandwidth.", "switchyard bench roofline --threads 2", common, (parse, cancellation) =>
        {
            instructions.Set(parse);
            Verb.RequireKernelOptions();
            MachineLimits[] limits = [.. RooflineBench.Run(Threads(parse, common), cancellation)];
            Print(parse, common, limits);
            Write(parse, common, limits, []);
            return ExitCode.Done;
        });
        instructions.AddTo(command);
        return command;
    }

    public static Command Product()
    {
        CommonOptions common = new();
        Option<string> shapes = BenchArguments.List("--shape", "matrices of weights, inputs × outputs", "2048x1408,1152x1152", s => BenchArguments.Objection(() => ProductShape.Parse(s)), "KxN");
        Option<string> tokens = BenchArguments.List("--tokens", "token counts", "1,5,16,64,256,1024", BenchArguments.Count, "COUNTS");
        Option<string> direction = CommonOptions.OneOf("--direction", "what is timed", "forward", "forward", "forward-backward");
        Option<double> seconds = BenchArguments.Seconds();
        Option<bool> disassemble = new("--disassemble") { Description = "print the instructions of the full tile instead of timing anything" };
        InstructionLimit instructions = new();
        Command command = Verb.Make("product", "The dense product by our kernels, beside torch's, with weights in a cache and in memory.", "switchyard bench product --shape 2048x1408 --tokens 64,1024", common, (parse, cancellation) =>
        {
            instructions.Set(parse);
            if (parse.GetValue(disassemble))
            {
                Verb.RequireKernelOptions();
                return Disassemble();
            }

            Verb.UseThreads(parse, common);
            BenchOptions options = new()
            {
                Tokens = [.. BenchArguments.Split(parse.GetValue(tokens)!).Select(int.Parse)],
                Threads = [.. Threads(parse, common)],
                Direction = parse.GetValue(direction)!,
                Budget = TimeSpan.FromSeconds(parse.GetValue(seconds)),
            };
            MachineLimits[] limits = [.. RooflineBench.Run(options.Threads, cancellation)];
            Print(parse, common, limits);
            List<BenchRow> rows = [];
            foreach (BenchRow measured in ProductBench.Run([.. BenchArguments.Split(parse.GetValue(shapes)!).Select(ProductShape.Parse)], options, cancellation))
            {
                BenchRow row = RooflineBench.WithEfficiency(measured, limits);
                if (rows.Count == 0)
                {
                    Line(parse, common, $"{"shape",-13}{"tokens",7}{"threads",8}  {"weights",-8}{"ms",10}{"Gop/s",9}{"of limit",10}  {"ratio",6}  peer");
                }

                rows.Add(row);
                Line(parse, common, $"{row.Shape,-13}{row.Tokens,7}{row.Threads,8}  {row.Load,-8}{row.Milliseconds,10:0.000}{row.Gops,9:0.0}{row.Efficiency,10:P0}  {row.Ratio,6:0.00}  {row.Peer}");
            }

            Write(parse, common, limits, rows);
            return ExitCode.Done;
        });
        foreach (Option option in (Option[])[shapes, tokens, direction, seconds, disassemble])
        {
            command.Options.Add(option);
        }

        instructions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(disassemble) && result.GetResult(common.Json) is not null)
            {
                result.AddError("--disassemble prints instructions and measures nothing; --json cannot stand beside it");
            }
        });

        return command;
    }

    /// <summary>Thread counts to measure: that asked for, or one and all.</summary>
    private static IEnumerable<int> Threads(ParseResult parse, CommonOptions common) =>
        parse.GetValue(common.Threads) is { } n ? [n] : new[] { 1, Environment.ProcessorCount }.Distinct();

    private static int Disassemble()
    {
        using KernelEngine engine = new(KernelOptions.FromEnvironment() with { Threads = 1 });
        InstructionSet set = engine.InstructionSet;
        if (set == InstructionSet.Portable)
        {
            throw new ConfigurationException("nothing is assembled here: the portable kernels run, because of the processor or of SWITCHYARD_JIT or SWITCHYARD_ISA");
        }

        (int rows, int lanes) = set == InstructionSet.Avx512 ? (12, 32) : (6, 16);
        Console.Out.WriteLine($"; {set}, {rows} rows of weights × {lanes} tokens: C[row, token] = Σ_k A[row, k] · B[k, token], fp32");
        foreach (string line in TileListing.Lines(set, rows, lanes))
        {
            Console.Out.WriteLine(line);
        }

        return ExitCode.Done;
    }

    private static void Print(ParseResult parse, CommonOptions common, IEnumerable<MachineLimits> limits)
    {
        Line(parse, common, $"{"threads",7}  {"instructions",-13}{"fp32 Gop/s",11}{"bf16 Gop/s",11}{"int8 Gop/s",11}{"read GB/s",11}");
        foreach (MachineLimits limit in limits)
        {
            Line(parse, common, $"{limit.Threads,7}  {limit.InstructionSet,-13}{limit.Fp32Gops,11:0}{limit.Bf16Gops?.ToString("0") ?? "-",11}{limit.Int8Gops?.ToString("0") ?? "-",11}{limit.ReadGBps,11:0.0}");
        }
    }

    private static void Line(ParseResult parse, CommonOptions common, string text)
    {
        if (common.Prints(parse))
        {
            Console.Out.WriteLine(text);
        }
    }

    /// <summary>Writes what any verb of <c>bench</c> measured where <c>--json</c> says.</summary>
    public static void Write(ParseResult parse, CommonOptions common, IReadOnlyList<MachineLimits>? limits, IReadOnlyList<BenchRow> rows)
    {
        BenchResult result = new() { Machine = Verb.Machine(parse, common), Roofline = limits, Rows = rows };
        Output.WriteJson(parse, common, result);
    }
}

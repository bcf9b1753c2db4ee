using System.Diagnostics;
using System.Globalization;
using Switchyard.Fuzz.Targets;

// Damaged files for as long as asked: dotnet run --project tests/fuzz -- [--seconds 60] [--seed 1] [--target NAME] [--input N]
// An input is a function of target, seed and number, so that --input repeats what failed.
const int Failed = 1, BadUsage = 2;
Dictionary<string, string> options = new(StringComparer.Ordinal) { ["--seconds"] = "60", ["--seed"] = "1", ["--target"] = string.Empty, ["--input"] = string.Empty };
for (int i = 0; i < args.Length; i += 2)
{
    if (i + 1 == args.Length || !options.ContainsKey(args[i]))
    {
        return Refuse($"{args[i]} is no option with a value");
    }

    options[args[i]] = args[i + 1];
}

long only = -1;
if (!double.TryParse(options["--seconds"], CultureInfo.InvariantCulture, out double seconds) || !(seconds > 0)
    || !int.TryParse(options["--seed"], CultureInfo.InvariantCulture, out int seed)
    || (options["--input"].Length > 0 && (!long.TryParse(options["--input"], NumberStyles.None, CultureInfo.InvariantCulture, out only) || options["--target"].Length == 0))
    || (options["--target"].Length > 0 && !FuzzTarget.All.ContainsKey(options["--target"])))
{
    return Refuse("--seconds is a number above 0, --seed a whole number, --target a name, --input a number from 0 on, which needs --target");
}

string[] names = options["--target"].Length > 0 ? [options["--target"]] : [.. FuzzTarget.All.Keys];
int failures = 0;
foreach (string name in names)
{
    string folder = Directory.CreateTempSubdirectory("switchyard-fuzz-").FullName;
    try
    {
        FuzzTarget target = FuzzTarget.All[name](folder);
        (long input, long read, long refused, int failed) = (Math.Max(0, only), 0, 0, 0);
        for (long started = Stopwatch.GetTimestamp(); only >= 0 ? input == only : Stopwatch.GetElapsedTime(started).TotalSeconds < seconds / names.Length; input++)
        {
            byte[] file = target.Mutated(new Random(HashOf(name, seed, input)));
            try
            {
                (read, refused) = target.Reads(file) ? (read + 1, refused) : (read, refused + 1);
            }
#pragma warning disable CA1031 // Whatever it is, it is what is looked for.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failed++;
                Console.WriteLine($"FAILED: --target {name} --seed {seed} --input {input}: {e}");
            }
        }

        failures += failed;
        Console.WriteLine($"{name}: {read + refused + failed:N0} inputs, {read:N0} read, {refused:N0} refused, {failed:N0} failed");
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

return failures > 0 ? Failed : 0;

static int Refuse(string reason)
{
    Console.Error.WriteLine($"fuzz: {reason}. Targets: {string.Join(", ", FuzzTarget.All.Keys)}");
    return BadUsage;
}

// FNV-1a, the same in every process.
static int HashOf(string name, int seed, long input)
{
    uint hash = 2166136261;
    foreach (char c in FormattableString.Invariant($"{name} {seed} {input}"))
    {
        hash = unchecked((hash ^ c) * 16777619);
    }

    return unchecked((int)hash);
}

using System.Globalization;

namespace Switchyard.Balancing;

/// <summary>The balancers there are, and the names of several at once.</summary>
public static class Balancers
{
    /// <summary>All balancers by name.</summary>
    public static Catalog<BalancerEntry> All { get; } = new("balancer")
    {
        new BalancerEntry("none", "no balancing", o => new NoBalancer(o)),
        new BalancerEntry("switch", "the auxiliary loss α·E·Σ f·P of Switch and Mixtral", o => new SwitchBalancer(o)) { NeedsGradient = true },
        new BalancerEntry("importance", "squared variation of importance and smooth load (Shazeer 2017)", o => new ImportanceBalancer(o)) { NeedsGradient = true },
        new BalancerEntry("z", "the z-loss, which keeps scores small; goes with any other", o => new ZBalancer(o)) { NeedsGradient = true },
        new BalancerEntry("bias", "loss-free: a bias on the choice, moved by the sign of the load's error (DeepSeek-V3)", o => new BiasBalancer(o)) { UsesChoiceBias = true },
        new BalancerEntry("dual", "expert prices that solve the batch's balanced assignment; no loss", o => new DualBalancer(o)) { UsesChoiceBias = true },
        new BalancerEntry("feedback", "scores lowered in proportion to the recent load", o => new FeedbackBalancer(o)) { UsesChoiceBias = true },
        new BalancerEntry("lpr", "the loss that a Latent Prototype Router has itself", o => new NoBalancer(o)) { NeedsRouterLoss = true },
    };

    /// <summary>Makes the balancer of a name such as <c>switch</c>, <c>switch:0.02</c> (with its coefficient) or <c>switch+z</c> (several at once).</summary>
    /// <exception cref="ConfigurationException">A name is unknown or a coefficient is not a number.</exception>
    public static Balancer Create(string name, BalancerOptions options)
    {
        List<Balancer> parts = [.. Parse(name).Select(part => part.Entry.Create(part.Coefficient is null ? options : options with { Coefficient = part.Coefficient }))];
        return parts.Count == 1 ? parts[0] : new CompositeBalancer(parts, options);
    }

    /// <summary>The parts of a name such as <c>switch:0.02+z</c>, in their order.</summary>
    /// <exception cref="ConfigurationException">A name is unknown or stands twice, or a coefficient is not a number.</exception>
    public static IReadOnlyList<(BalancerEntry Entry, double? Coefficient)> Parse(string name)
    {
        List<(BalancerEntry Entry, double? Coefficient)> parts = [];
        foreach (string text in name.Split('+', StringSplitOptions.TrimEntries))
        {
            string[] fields = text.Split(':', 2);
            BalancerEntry entry = All.Get(fields[0]);
            if (parts.Exists(p => p.Entry == entry))
            {
                throw new ConfigurationException($"balancer '{entry.Name}' stands twice in '{name}'");
            }

            parts.Add((entry, fields.Length == 1 ? null : Number(fields[1], text)));
        }

        return parts;
    }

    private static double Number(string text, string part) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= 0
            ? value
            : throw new ConfigurationException($"'{text}' in balancer '{part}' is not a coefficient; write for example switch:0.02");
}

using Switchyard.Routing;
using Switchyard.Selection;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;

namespace Switchyard.Training.Characterizing;

/// <summary>A row that is to be made: its name and the replacement of routers that it takes.</summary>
/// <param name="Name">Router, and balancers where they are not the router's own; the selector where the row names one.</param>
/// <param name="Config">The replacement.</param>
internal sealed record RowRecipe(string Name, RerouteConfig Config)
{
    /// <summary>The rows that a configuration asks for, and the routers that do not fit the model.</summary>
    /// <param name="config">The configuration; its model is the one with experts.</param>
    /// <param name="layers">The MoE layers whose routers are replaced.</param>
    /// <exception cref="ConfigurationException">A named row is unknown, does not fit the model, or stands twice.</exception>
    public static (IReadOnlyList<RowRecipe> Rows, IReadOnlyList<LeftOutRouter> LeftOut) Of(CharacterizeConfig config, IReadOnlyList<MoeLayerOptions> layers)
    {
        List<RowRecipe> rows = [];
        List<LeftOutRouter> leftOut = [];
        foreach (string text in config.Routers.SelectMany(r => r is CharacterizeConfig.All ? Routers.All.Names : [r]))
        {
            bool named = config.Routers.Contains(text, StringComparer.Ordinal);
            (RowRecipe? row, string? reason) = Fit(text, config, layers);
            if (row is not null)
            {
                rows.Add(row);
            }
            else if (named)
            {
                throw new ConfigurationException($"'{text}': {reason}");
            }
            else
            {
                leftOut.Add(new LeftOutRouter(text, reason!));
            }
        }

        string? twice = rows.GroupBy(r => r.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is null ? (rows, leftOut) : throw new ConfigurationException($"row '{twice}' stands twice");
    }

    /// <summary>The row with the balancers and the selector that it names, else those asked for and the model's, else those that go with the router.</summary>
    private static (RowRecipe? Row, string? Reason) Fit(string text, CharacterizeConfig config, IReadOnlyList<MoeLayerOptions> layers)
    {
        RoutingRecipe recipe = RoutingRecipe.Parse(text);
        RouterEntry router = Routers.All.Get(recipe.Router);
        string[] parts = text.Split('+', StringSplitOptions.TrimEntries);
        bool ownSelector = parts.Any(p => Selectors.All.TryGet(p, out _));
        bool ownBalancer = parts.Length > (ownSelector ? 2 : 1);
        string? usual = router.IsTrainable ? config.Balance : null;
        string balance = ownBalancer ? recipe.Balancer : usual ?? recipe.Balancer;
        string? reason = null;
        foreach (string? selector in ownSelector ? [recipe.Selector] : (string?[])[null, router.DefaultSelector])
        {
            RerouteConfig row = config.Reroute with { Router = recipe.Router, Balance = balance, Selector = selector };
            if (Reason(row, layers) is not { } why)
            {
                RoutingRecipe named = recipe with { Balancer = balance, Selector = ownSelector ? recipe.Selector : router.DefaultSelector };
                return (new RowRecipe(named.Name, row), null);
            }

            reason ??= why;
        }

        return (null, reason);
    }

    private static string? Reason(RerouteConfig row, IReadOnlyList<MoeLayerOptions> layers)
    {
        try
        {
            foreach (MoeLayerOptions layer in layers)
            {
                new LayerRouting(row.RoutingOf(layer).In(layer)).Dispose();
            }

            return null;
        }
        catch (ConfigurationException e)
        {
            return e.Message;
        }
    }
}

using Switchyard.Balancing;
using Switchyard.Routing;
using Switchyard.Selection;

namespace Switchyard;

/// <summary>Which router, selector and balancer a layer is made of, as written in a row's name: <c>linear</c>, <c>linear+switch</c>, <c>mlp+bias+sigmoid-group</c>, <c>linear+switch:0.02+z</c>.</summary>
/// <remarks>The parts stand in any order; each is found in its catalog. A missing selector is the router's default, a missing balancer is <c>none</c> (<c>lpr</c> for a router with a loss of its own). A balancer may carry its coefficient after a colon.</remarks>
public sealed record RoutingRecipe
{
    /// <summary>Name of the router.</summary>
    public string Router { get; init; } = "linear";

    /// <summary>Name of the selector.</summary>
    public string Selector { get; init; } = "softmax-topk";

    /// <summary>Names of the balancers with their coefficients, joined by <c>+</c>, such as <c>switch:0.02+z</c>.</summary>
    public string Balancer { get; init; } = "none";

    /// <summary>The shortest name that <see cref="Parse"/> reads back.</summary>
    public string Name
    {
        get
        {
            RouterEntry router = Routers.All.Get(Router);
            string name = Router;
            if (!string.Equals(Balancer, DefaultBalancer(router), StringComparison.Ordinal))
            {
                name += "+" + Balancer;
            }

            return string.Equals(Selector, router.DefaultSelector, StringComparison.Ordinal) ? name : name + "+" + Selector;
        }
    }

    /// <summary>Reads a row's name.</summary>
    /// <exception cref="ConfigurationException">A part is unknown, there is not exactly one router, there are two selectors, or the parts do not fit together.</exception>
    public static RoutingRecipe Parse(string text)
    {
        RouterEntry? router = null;
        string? selector = null;
        List<string> balancers = [];
        foreach (string part in text.Split('+', StringSplitOptions.TrimEntries))
        {
            string name = part.Split(':')[0];
            if (router is null && Routers.All.TryGet(name, out RouterEntry? found))
            {
                router = found;
            }
            else if (Selectors.All.TryGet(name, out _))
            {
                selector = selector is null
                    ? name
                    : throw new ConfigurationException($"'{text}' names two selectors, '{selector}' and '{name}'; a layer has one");
            }
            else if (Balancers.All.TryGet(name, out _))
            {
                balancers.Add(part);
            }
            else
            {
                throw Unknown(text, part, router is null);
            }
        }

        if (router is null)
        {
            throw new ConfigurationException($"'{text}' names no router; known: {string.Join(", ", Routers.All.Names)}");
        }

        RoutingRecipe recipe = new()
        {
            Router = router.Name,
            Selector = selector ?? router.DefaultSelector,
            Balancer = balancers.Count > 0 ? string.Join('+', balancers) : DefaultBalancer(router),
        };
        RoutingCompatibility.Check(recipe.Router, recipe.Selector, recipe.Balancer);
        return recipe;
    }

    private static string DefaultBalancer(RouterEntry router) => router.HasOwnLoss ? "lpr" : "none";

    private static ConfigurationException Unknown(string text, string part, bool noRouterYet)
    {
        string[] known = [.. noRouterYet ? Routers.All.Names : [], .. Balancers.All.Names, .. Selectors.All.Names];
        string where = string.Equals(text, part, StringComparison.Ordinal) ? string.Empty : $" in '{text}'";
        return new ConfigurationException(
            $"unknown router, balancer or selector '{part}'{where}; did you mean '{NearestName.Of(part, known)}'? "
            + $"Routers: {string.Join(", ", Routers.All.Names)}. Balancers: {string.Join(", ", Balancers.All.Names)}. Selectors: {string.Join(", ", Selectors.All.Names)}");
    }
}

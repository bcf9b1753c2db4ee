namespace Switchyard.Kernels.FeedForward;

/// <summary>The stages of a grouped feed-forward and of its backward.</summary>
internal enum WorkKind
{
    /// <summary>x → h: first product and activation, of some panels and features of one group.</summary>
    First,

    /// <summary>h as the second product reads it, of some panels of one group.</summary>
    Encode,

    /// <summary>h → y: second product and scatter, of some features over all groups.</summary>
    Second,

    /// <summary>dy → da: the second product backwards and the activation's slope, of some panels and features of one group.</summary>
    Inner,

    /// <summary>da → dx: the first product backwards and scatter, of some features over all groups.</summary>
    Input,

    /// <summary>Gradient of some rows of one first matrix.</summary>
    FirstGradient,

    /// <summary>Gradient of some rows of one second matrix.</summary>
    SecondGradient,

    /// <summary>Gradients of the biases of one group whose matrices are frozen.</summary>
    Biases,

    /// <summary>Gradient of the weights of the rows of some panels of one group.</summary>
    Weights,
}

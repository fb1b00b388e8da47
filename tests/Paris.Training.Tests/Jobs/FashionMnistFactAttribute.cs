using Paris.Core.Specs;
using Xunit;

namespace Paris.Training.Tests.Jobs;

/// <summary>A test on the real Fashion-MNIST, skipped where its package is not installed.</summary>
public sealed class FashionMnistFactAttribute : FactAttribute
{
    private const string Folder = "/usr/share/datasets/fashion-mnist/";

    public FashionMnistFactAttribute()
    {
        if (!File.Exists(Data.Images))
        {
            Skip = $"Fashion-MNIST is not installed: there is no {Data.Images} (Debian package dataset-fashion-mnist).";
        }
    }

    public static DataSpec Data { get; } = new()
    {
        Images = Folder + "train-images-idx3-ubyte.gz",
        Labels = Folder + "train-labels-idx1-ubyte.gz",
        Classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    };
}

import { Injectable, Scope } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import DataLoader from 'dataloader';
import { Model } from 'mongoose';
import { MongoCollection } from '../../common/mongo.js';
import { Product } from './product.model.js';

@Injectable()
export class ProductsService extends MongoCollection<Product> {
  constructor(@InjectModel(Product.name) model: Model<Product>) {
    super(model);
  }
}

@Injectable({ scope: Scope.REQUEST })
export class ProductLoader extends DataLoader<string, Product | null> {
  constructor(products: ProductsService) {
    super((ids) => products.findByIds(ids));
  }
}

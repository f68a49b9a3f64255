import { Module } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { OrderItemsResolver } from './order-items.resolver.js';
import { OrderItemsService, ProductOrderItemsLoader } from './order-items.service.js';
import { Product, ProductSchema } from './product.model.js';
import { ProductLoader, ProductsService } from './products.service.js';
import { ProductsResolver } from './products.resolver.js';

@Module({
  imports: [MongooseModule.forFeature([{ name: Product.name, schema: ProductSchema }])],
  providers: [
    ProductsService,
    ProductLoader,
    ProductsResolver,
    OrderItemsService,
    ProductOrderItemsLoader,
    OrderItemsResolver,
  ],
})
export class ShopModule {}
